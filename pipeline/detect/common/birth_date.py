"""Date of birth, in the ways people write dates, beside a word or under a key that says it is one."""

from pipeline.detect.detector import Detector, Kind, Strength

_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|"
    "dec(?:ember)?|जनवरी|फरवरी|फ़रवरी|मार्च|अप्रैल|मई|जून|जुलाई|अगस्त|सितंबर|सितम्बर|अक्टूबर|अक्तूबर|नवंबर|नवम्बर|दिसंबर|दिसम्बर"
)
_DAY = "[0-3]?[0-9](?:st|nd|rd|th)?"
_YEAR = "(?:19|20)[0-9]{2}"
_SEP = " ?[/.,-] ?| "

DETECTOR = Detector(
    name="birth_date",
    kind=Kind.BIRTH_DATE,
    law="16 CFR 312.2 PI (11); DPDP Act 2(t)",
    pattern=(
        rf"{_YEAR}(?:{_SEP})[01]?[0-9](?:{_SEP})[0-3]?[0-9](?:T[0-9:.+Z-]{{1,24}})?"
        rf"|[0-3]?[0-9](?:{_SEP})[0-3]?[0-9](?:{_SEP})(?:{_YEAR}|'?[0-9]{{2}})"
        rf"|{_DAY}(?: of)?(?:{_SEP})?(?:{_MONTH})\.?(?:(?:{_SEP})?(?:{_YEAR}|'?[0-9]{{2}}))?"
        rf"|(?:{_MONTH})\.?(?:{_SEP})?{_DAY}(?:(?:, ?|{_SEP})(?:{_YEAR}|'[0-9]{{2}}))?"
        rf"|(?:{_MONTH})\.?,? ?{_YEAR}"
        rf"|{_YEAR}[01][0-9][0-3][0-9]|[0-3][0-9][01][0-9]{_YEAR}|{_YEAR}"
    ),
    strength=Strength.CONTEXT,
    probe=rf"{_YEAR}|[0-9] ?[/.,-] ?[0-9]|[0-3]?[0-9][^0-9]{{0,6}}(?:{_MONTH})|(?:{_MONTH})[^0-9]{{0,3}}[0-9]",
    words=(
        "dob",
        "d.o.b",
        "date of birth",
        "birth date",
        "birthdate",
        "birthday",
        "bday",
        "b'day",
        "b-day",
        "born",
        "born on",
        "birth",
        "janm",
        "janam",
        "janmdin",
        "janamdin",
        "janm din",
        "paida",
        "pirandha",
        "puttina",
        "jonmo",
        "jonmodin",
        "जन्म",
        "जन्मदिन",
        "जन्मतिथि",
        "जन्मदिवस",
        "पैदा",
        "பிறந்த",
        "பிறந்தநாள்",
        "பிறந்த நாள்",
        "பிறந்தேன்",
        "పుట్టిన",
        "పుట్టినరోజు",
        "పుట్టిన రోజు",
        "పుట్టాను",
        "జన్మ",
        "জন্ম",
        "জন্মদিন",
        "জন্মতারিখ",
        "জন্মেছি",
    ),
    keys=(
        "dob",
        "dateofbirth",
        "birthdate",
        "birthday",
        "bday",
        "birth",
        "birthyear",
        "birthmonth",
        "birthday",
        "yob",
        "yearofbirth",
        "childdob",
        "birthdaydate",
        "bornon",
        "born",
    ),
    hits=(
        "2016-04-09",
        "09/04/2016",
        "9.4.2016",
        "April 9, 2016",
        "9 April 2016",
        "9th of April 2016",
        "Apr 9 2016",
        "09-Apr-16",
        "2016/04/09",
        "20160409",
        "09042016",
        "2016-04-09T00:00:00Z",
        "9 अप्रैल 2016",
        "04/09/16",
        "April 2016",
    ),
    misses=("level 4", "3/4", "1,499.00", "10:30"),
)
