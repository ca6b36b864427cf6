"""Name of a person in running text: common given names and surnames of the United States and of India.

No pattern finds names for certain, least of all in scripts without capitals. What is found: a given name and a surname
that are both known, in any case; one known name beside a word with a capital; a known given name with a capital; in
Indian scripts a known name as such; whoever follows an honorific or introduces herself. Names that are words too
(Grace, Star, आशा) count only beside a surname. A name nobody has listed stays, hence R21 keeps minors' text at home.
"""

import re
from collections.abc import Iterable

from pipeline.detect import name_lists as lists
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.words import word_set

_INDIAN = "\u0900-\u0963\u0971-\u09ff\u0b80-\u0bff\u0c00-\u0c7f"
_ACCENTED = "\u00c0-\u024f"
_VIRAMAS = "\u094d\u09cd\u0bcd\u0c4d"


def _trie(names: Iterable[str]) -> str:
    """A pattern for any of the names that shares their beginnings: `re` tries alternatives one by one."""
    tree: dict[str, dict[str, str]] = {}
    for name in names:
        tree.setdefault(name[:1], {})[name[1:]] = ""
    parts = [_sign(sign) + (_trie(rests) if any(rests) else "") for sign, rests in sorted(tree.items()) if sign]
    body = "|".join(parts)
    if "" in tree:
        return f"(?:{body})?"
    return body if len(parts) == 1 else f"(?:{body})"


def _sign(sign: str) -> str:
    return re.escape(sign) if sign.isascii() or sign.upper() == sign else f"[{sign}{sign.upper()}]"


def _stem(name: str) -> str:
    """An Indian name as it begins when a case ending follows."""
    return name.rstrip(_VIRAMAS)


_APOSTROPHE = "['’]"
_IRISH = rf"[od]{_APOSTROPHE}[a-z]{{3,14}}"  # O'Neil, D'Souza
_CAPITAL = rf"(?-i:[A-Z])[a-z{_ACCENTED}]{{1,20}}(?:{_APOSTROPHE}(?-i:[A-Z])[a-z]{{2,20}})?"
_GAP = "(?:[ ._+-]|, )"
_MIDDLE = rf"(?:(?:[a-z]\.?|{_CAPITAL}){_GAP})?"
_GIVEN = _trie(lists.GIVEN)
_SURE = rf"(?:{_trie(lists.SURNAMES)}|{_IRISH})"
_SURNAME = rf"(?:{_trie(lists.SURNAMES | lists.WORD_SURNAMES)}|{_IRISH})"
_WORDY = _trie(lists.SOFT_GIVEN | lists.HARD_GIVEN)
_REST = rf"(?:{_GAP}{_MIDDLE}{_SURNAME}(?:{_GAP}{_SURNAME})?|[ -]{_CAPITAL}| (?-i:[B-HJ-Z])\.?)?"  # after a given name

_ANY = rf"(?:[a-z][a-z'’.-]{{1,24}}|[{_INDIAN}]{{2,40}})"
_I_AM = rf"i(?: am|{_APOSTROPHE}m| ?m)"
_CUE = rf"(?:{_I_AM}|this is|call me) "
_MY_NAME = "(?:my|his|her)(?: full| real| first| last| good)? name"
_NAME_IS = (
    rf"(?:(?:{_MY_NAME}(?: is|{_APOSTROPHE}s)|mer[ai](?: pura)? na{{1,4}}m(?: hai| h)?|"
    r"ama[ar] na{1,4}m|naa? peru|en peyar|"
    r"(?:मेरा|मेरी|हमारा|उसका|उनका)(?: पूरा)? नाम(?: है)?|(?:என்|எனது|என்னுடைய) (?:பெயர்|பேர்|பெயரு)|"
    rf"నా పేరు|আমার(?: পুরো)? নাম(?: হল| হলো| হচ্ছে)?)(?: ?[:=-] ?| )|{_MY_NAME} ?[:=] ?)"
)
_TITLE = r"(?:mrs?|smt|shri|shrimati|shree)(?:\. ?| )"
_RARER_TITLE = r"(?-i:Ms|Miss|Dr|Master|Kumari|Sri|Prof)(?:\. ?| )"
_INDIAN_TITLE = r"(?:श्री|श्रीमती|सुश्री|कुमारी|डॉ|திரு|திருமதி|శ్రీ|శ్రీమతి|శ్రీమాన్|শ্রী|শ্রীমতী|শ্রীমতি|জনাব)(?:\. ?| )"

_SCRIPT_GIVEN = lists.SCRIPT_GIVEN | lists.SCRIPT_WORD_GIVEN
_SCRIPT_SURNAMES = lists.SCRIPT_SURNAMES | lists.SCRIPT_WORD_SURNAMES
_ENDING = f"[{_INDIAN}]{{0,6}}"

_LATIN = (
    rf"{_NAME_IS}{_ANY}(?: {_ANY})?",
    rf"{_TITLE}(?:[a-z]\.? ?){{0,2}}{_ANY}(?: {_CAPITAL}){{0,2}}",
    rf"{_RARER_TITLE}(?:(?-i:[A-Z])\.? ?){{0,2}}{_CAPITAL}(?: {_CAPITAL})?",
    rf"(?:{_CUE})?{_GIVEN}{_REST}",
    rf"{_I_AM} {_CAPITAL}(?: {_CAPITAL})?",
    rf"{_WORDY}{_GAP}{_MIDDLE}{_SURNAME}",
    rf"{_SURE}{_GAP}[a-z{_ACCENTED}]{{2,20}}",
    rf"(?:{_CAPITAL}{_GAP}|(?:(?-i:[A-Z])(?:\. ?| )){{1,3}}){_SURE}",
    _IRISH,
)
_SCRIPTS = (
    rf"{_INDIAN_TITLE}{_ANY}",
    rf"{_trie(map(_stem, _SCRIPT_GIVEN))}{_ENDING}[ ._+-]{_trie(map(_stem, _SCRIPT_SURNAMES))}{_ENDING}",
    rf"[{_INDIAN}]{{2,30}} {_trie(map(_stem, lists.SCRIPT_SURNAMES))}{_ENDING}",
    rf"[{_INDIAN}]{{1,64}}",  # any word, so that no match begins inside one
)

_EDGE = "[^0-9A-Za-z]"
_PROBE = (
    rf"{_EDGE}{_trie(lists.GIVEN | lists.SURNAMES)}{_EDGE}"
    rf"|{_EDGE}{_trie(lists.SOFT_GIVEN)}{_GAP}{_MIDDLE}{_trie(lists.WORD_SURNAMES)}{_EDGE}"
    rf"|{_EDGE}{_IRISH}|{_EDGE}{_NAME_IS}|{_EDGE}(?:{_TITLE}|{_RARER_TITLE})|{_EDGE}{_I_AM} (?-i:[A-Z])"
    rf"|{_INDIAN_TITLE}|{_trie(map(_stem, lists.SCRIPT_GIVEN | lists.SCRIPT_SURNAMES))}"
)

_INTRODUCED = re.compile(
    rf"(?:{_NAME_IS}|{_CUE}|{_TITLE}|{_RARER_TITLE}|{_INDIAN_TITLE})", re.IGNORECASE | re.ASCII
).match
_I_AM_SHOUTED = re.compile(_CUE, re.IGNORECASE).fullmatch  # all words have capitals then, so that one says nothing
_SHORT = 4  # letters; longer words that end like a verb or an adverb are one
_WORDS = re.compile(rf"[A-Za-z{_ACCENTED}]+(?:['’][A-Za-z]+)*|[{_INDIAN}]+").findall

# what follows "my name is", "I am" or "Master" in ordinary text
_NO_NAME = word_set("""
not wrong missing gone showing still too already in on at the a an also blank empty hidden invisible spelled misspelled
misspelt changed displayed shown cut there here so very really just now no yes being incorrect visible different same
taken used long short cool from your sorry sure happy sad angry done ready good fine ok okay stuck playing trying unable
able new level lvl vip pro noob indian american hindu muslim christian sikh tamil telugu bengali english hindi giving
getting going back out bored tired waiting having using facing happy loving enjoying writing asking only one
chief mode league ball sword key class of quest card boss skill ninja chef builder plan volume password account copy
ram krishna ganesh hanuman lakshmi durga shiva राम कृष्ण गणेश हनुमान
lanka mario strange doom who pepper fortune universe world pacman you this that it my and to
nahi nahin nai galat kyu kyun kyon kya kaise hai to bhi ab badal list leaderboard change nhi gayab dikh thappu tappu
ledu
नहीं गलत ग़लत क्यों क्या कैसे है तो भी अब बदल बदलना लीडरबोर्ड सूची में गायब दिख दिखाई
தவறு தவறாக இல்லை வரவில்லை மாற்ற மாற்றம் காணவில்லை எப்படி பட்டியலில் தெரியவில்லை
తప్పు తప్పుగా లేదు మార్చాలి మార్చడం రావడం కనిపించడం ఎలా జాబితాలో
ভুল নেই কেন বদল বদলাতে দেখা পরিবর্তন আসছে কীভাবে তালিকায়
""")
_NOBODY = frozenset({
    "o'clock", "o'lantern", "jack o'lantern", "khan academy", "will power", "patel nagar", "thomas cook",
    "harry potter", "peter pan", "george washington", "abraham lincoln", "james bond", "peter parker", "clark kent",
    "bruce wayne", "nathan drake", "arthur morgan",
})  # fmt: skip
_CASE_ENDINGS = word_set("""
র কে দা ের కి కు ని ను తో గారు గారి లా గారికి
வின் வுக்கு வை வால் விடம் வுடன் வும் யின் க்கு யை யால் யிடம் யுடன் யும்
""")
_VOWEL_ENDINGS = word_set("ின் ுக்கு ை ால் ிடம் ுடன் ும் ுடைய")  # Tamil: in place of a virama
_ENDINGS = dict.fromkeys(_CASE_ENDINGS, "") | dict.fromkeys(_VOWEL_ENDINGS, "\u0bcd")


def _is_sure(word: str) -> bool:
    """True if an Indian word is a name and hardly anything else, with or without a case ending."""
    if _is_listed(word):
        return True
    return any(word.endswith(end) and _is_listed(word[: -len(end)] + sign) for end, sign in _ENDINGS.items())


def _is_listed(word: str) -> bool:
    return word in lists.SCRIPT_GIVEN or word in lists.SCRIPT_SURNAMES


def is_name(text: str) -> bool:
    """Tell whether what the pattern matched is a name: it cannot say which words are none."""
    introduction = _INTRODUCED(text)
    words: list[str] = _WORDS(text[introduction.end() :] if introduction else text)
    if not words:
        return False
    lower = [word.lower().replace("’", "'") for word in words]
    if any(not word.isascii() and _is_sure(word) for word in lower):
        return True
    if introduction:
        if not lists.GIVEN.isdisjoint(lower) or not lists.SURNAMES.isdisjoint(lower):
            return True
        return not (_is_ordinary(lower[0]) or (_I_AM_SHOUTED(introduction.group()) and text.isupper()))
    if " ".join(lower) in _NOBODY:
        return False
    capitals = [word[0].isupper() for word in words]
    if len(words) == 1:
        return capitals[0] and ("'" in lower[0] or lower[0] in lists.GIVEN)
    if lower[0] in lists.GIVEN:
        return True
    if any(word in lists.SURNAMES or _is_irish(word) for word in lower[1:]):
        return True
    if lower[0] in lists.SURNAMES or _is_irish(lower[0]):
        return lower[1] in lists.GIVEN or (capitals[0] and capitals[1])
    return lower[0] in lists.SOFT_GIVEN and lower[-1] in lists.WORD_SURNAMES and all(capitals) and lower[1] not in "ia"


def _is_ordinary(word: str) -> bool:
    """True if a word after an introduction says how someone is, not who."""
    return word in _NO_NAME or (len(word) > _SHORT and word.endswith(("ing", "ed", "ly")))


def _is_irish(word: str) -> bool:
    return word[1:2] == "'"


DETECTOR = Detector(
    name="person_name",
    kind=Kind.NAME,
    law="16 CFR 312.2 PI (1), (11); DPDP Act 2(t)",
    pattern="|".join((*_LATIN, *_SCRIPTS)),
    probe=_PROBE,
    strength=Strength.LIKELY,
    validate=is_name,
    hits=(
        "Noah Garcia",
        "aarav_patel",
        "Liam O'Neil",
        "Mr. Somebody",
        "My name is Somebody Else",
        "Grace Patel",
        "Aarav",
        "A. Patel",
        "Xavia Sharma",
        "mera naam Xavia",
        "आरव पटेल",
        "தியா சர்மா",
        "ప్రియాంక రెడ్డి",
        "সৌরভ গাঙ্গুলী",
    ),
    misses=(
        "Dark Forest",
        "Level Boss",
        "Super Hero",
        "grace period",
        "Star King",
        "May Day",
        "Diwali Dhamaka",
        "gems_pack_100",
        "diwali-2026",
        "my name is not showing",
        "mark the spot",
        "आशा है कि ठीक होगा",
        "Master Chief",
    ),
)
