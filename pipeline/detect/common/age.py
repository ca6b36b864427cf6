"""Age and school grade, under a key, or said outright ("I am 8 years old")."""

from pipeline.detect.detector import Detector, Kind

DETECTOR = Detector(
    name="age",
    kind=Kind.AGE,
    law="16 CFR 312.2 PI (11); DPDP Act 9",
    pattern=(
        r"(?:i am|i'm|im|i m|he is|he's|she is|she's|aged|age|my age is|umar|umr|meri umar|meri age)[ :=]{1,3}"
        r"[0-9]{1,2} ?(?:years? old|yrs? old|years?|yrs?|y/?o|saal ki|saal ka|saal)"
        r"|[0-9]{1,2}[ -]?(?:years? old|year-old|yrs? old|y/o)"
        r"|(?:उम्र|आयु|வயது|వయస్సు|వయసు|বয়স)[^0-9]{0,8}[0-9]{1,2}"
        r"|[0-9]{1,2} ?(?:साल (?:का|की|के)|வயது|ఏళ్లు|ఏళ్ల|বছর বয়স)"
    ),
    probe=r"years?|yrs?|y/?o|saal|उम्र|आयु|வயது|வயசு|వయస్సు|వయసు|বয়স|साल|ఏళ్",
    keys=(
        "age",
        "ageyears",
        "ageband",
        "agegroup",
        "agerange",
        "childage",
        "kidage",
        "grade",
        "gradelevel",
        "schoolgrade",
        "class",
        "schoolclass",
        "standard",
        "classroom",
        "birthage",
        "ageinmonths",
        "agemonths",
    ),
    hits=("I am 8 years old", "a 7-year-old", "मेरी उम्र 9 है", "age: 12 yrs", "i'm 11 y/o", "8 साल की हूँ"),
    misses=("level 8", "I am 8th", "8 years", "8 points", "page 12"),
)
