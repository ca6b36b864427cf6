"""Screen name on a network or in a game, beside the network's name: "snap: mia2014", "I am on roblox as SuperMia2014".

And a tag with its number, "mia#1234". A user chooses it, and strangers reach her by it.
The name of a network is an everyday word of games, so what stands beside it must look like a name that somebody made
up: letters with figures, an underscore or a capital within ("level42" and "TikTok" do not). Behind "my insta id is" or
"username:" a word counts as well, unless it says how the account is ("my roblox name is gone").
"""

import re

from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.words import word_set

_NETWORKS = (
    "snap(?: ?chat)?|insta(?: ?gram)?|ig|discord|disc|roblox|rblx|tik ?tok|telegram|tg|twitter|twitch|youtube|yt|"
    "facebook|fb|messenger|kik|skype|steam|psn|ps[345]|playstation|xbox(?: live)?|nintendo|switch|epic(?: games)?|"
    "fortnite|minecraft|valorant|pubg|bgmi|free ?fire|cod|codm|riot|reddit|sharechat|signal|threads|wechat|hangouts|"
    "whatsapp|इंस्टा|इंस्टाग्राम|स्नैपचैट|डिस्कॉर्ड|टेलीग्राम|रोब्लॉक्स|फेसबुक|"
    "இன்ஸ்டா|இன்ஸ்டாகிராம்|டெலிகிராம்|டிஸ்கார்ட்|"
    "ఇన్స్టా|ఇన్స్టాగ్రామ్|టెలిగ్రామ్|డిస్కార్డ్|ইনস্টা|ইনস্টাগ্রাম|টেলিগ্রাম|ডিসকর্ড"
)
_OWN = (
    "user ?name|user ?id|screen ?name|display ?name|gamer ?tag|player ?tag|player ?id|nick ?name|handle|ign|"
    "in-game name"
)
_ANY_OWN = f"{_OWN}|name|id|tag|acc(?:ount)?|profile|channel|user|naam|आईडी|नाम|ஐடி|பெயர்|ఐడి|పేరు|আইডি|নাম"
_LINK = "(?: ?(?:[:=@-]>?|👉|→|➡) ?| is:? ?| hai | है |(?: me)? (?:as|called|named|under|by|with|at|on) | )"
_NAME = "@?[a-z0-9_][a-z0-9_.-]{1,40}(?:#[0-9]{3,5})?"
_TAGGED = "[a-z0-9_.]{2,32}#[0-9]{4,5}"
_ON = "(?:on|in|at|from)(?: my)?"
_OWNED = f"(?:{_OWN}|(?:{_ANY_OWN}) (?:on|in) (?:{_NETWORKS})){_LINK}"
_AT_NETWORK = rf"(?:{_NAME}(?: {_ON} | ?\())?(?:{_NETWORKS})(?:'s)?"

_FLAGS = re.IGNORECASE | re.ASCII
_IS_TAGGED = re.compile(_TAGGED, _FLAGS).fullmatch
_BEHIND_OWN = re.compile(f"{_OWNED}(?P<name>{_NAME})", _FLAGS).fullmatch
_BESIDE_NETWORK = re.compile(
    rf"(?:(?P<before>{_NAME})(?: {_ON} | ?\())?(?:{_NETWORKS})(?:'s)?"
    rf"(?:(?P<own>,?(?: my)? (?:{_ANY_OWN}))?{_LINK}(?P<behind>{_NAME}))?",
    _FLAGS,
).fullmatch
_SAYS_IS = re.compile(r"[:=]| is | hai | है ", _FLAGS).search
_STRONG = re.compile("_|#[0-9]{4}")
_LETTERS = re.compile("[a-z]+", re.IGNORECASE)
_HEXADECIMAL = re.compile("[0-9a-f]+(?:-[0-9a-f]+)+", re.IGNORECASE)  # part of a UUID
_COUNTED = re.compile("[0-9]+(?:st|nd|rd|th|[a-z])?|[a-z][0-9]{1,2}|[0-9.]+[a-z]{0,4}", re.IGNORECASE)
_CAPITAL_WITHIN = re.compile("[a-z][A-Z]")
_LEAST, _LEAST_ID, _LEAST_WORD = 3, 6, 6

# with a number behind it, or with a capital within, these are no name of a person
_ORDINARY = word_set("""
level lvl lv stage world season chapter part update version ver patch build day week month year round wave map zone
floor room team group server tier rank top no num number order ticket issue bug error code case ref id invoice test lap
player quest mission episode ep vol page step try game save slot file video clip photo pic img boss class grade std item
ps xbox gta fifa nba nfl wwe cod fc pes mw bo nhl f win windows ios android iphone ipad galaxy pixel rtx gtx mp gb tb
mb fps hz ms sec min hr hrs am pm xp hp kg km cm rs usd inr covid dec jan feb mar apr may jun jul aug sep oct nov
tiktok youtube playstation snapchat facebook linkedin whatsapp deviantart github ipados macos mcdonalds openai chatgpt
javascript typescript pokemon minecraft roblox fortnite codm bgmi pubg sonic mario zelda halo doom
""")
_STATES = word_set("""
not wrong missing gone showing still too already in on at the a an also blank empty hidden invisible changed displayed
there here so very really just now no yes different same taken used long short cool from your sorry sure happy sad done
ready good fine ok okay stuck new level pro indian out only one broken banned hacked blocked deleted invalid unknown
null private public safe bad weird old gone lost full free mine yours his hers this that it my and to nahi nahin galat
kya kaise hai bhi ab nhi gayab dikh verified required locked visible available great nice awesome fun best community
shown hidden stolen chosen spelt misspelt correct incorrect invisible different offensive duplicate random
another already somewhere nowhere longer shorter bigger smaller better important impossible personal special secret
ridiculous useless pointless perfect awesome amazing beautiful simple strange foreign english indian american unsafe
reserved against without within behind because before during exactly almost either neither nothing something anything
everything someone anyone everyone nobody please thanks should couldnt doesnt cannot showing purple orange yellow
what when where who why how never always used open closed down up back working loading
""")


def _made_up(name: str) -> bool:
    """True for a name that no word is: "mia_2", "mia2014", "superMia"; not for "level42", "1080p" or "TikTok"."""
    if _STRONG.search(name):
        return _LETTERS.search(name) is not None
    word = _LETTERS.search(name)
    if _HEXADECIMAL.fullmatch(name):
        return False
    if word is None or word.group().lower() in _ORDINARY or _COUNTED.fullmatch(name) or not _is_dotted_well(name):
        return False
    return any(map(str.isdigit, name)) or (_CAPITAL_WITHIN.search(name) is not None and name.lower() not in _ORDINARY)


def _is_dotted_well(name: str) -> bool:
    """Refuse "game.but" and "v2.1"; not "mia.garcia.9"."""
    parts = name.strip(".").split(".")
    return len(parts) == 1 or (len(parts[0]) >= _LEAST and parts[0].isalpha())


def _is_own(name: str, match: str) -> bool:
    """True for what stands behind "my insta id" or "username": a made-up name, a number, or "is" and a word."""
    word = name.lower()
    if _made_up(name) or (name.isdigit() and len(name) >= _LEAST_ID):
        return True
    ordinary = word in _STATES or word in _ORDINARY or word.endswith(("ing", "ed", "ly", "able", "ible"))
    return name.isalpha() and len(name) >= _LEAST_WORD and not ordinary and _SAYS_IS(match) is not None


def _is_tag(match: str) -> bool:
    word = match.partition("#")[0].strip("_.")
    letters = _LETTERS.search(word)
    return letters is not None and letters.group().lower() not in _ORDINARY


def is_screen_name(match: str) -> bool:
    """Tell whether what stands beside the name of a network is somebody's name there."""
    if _IS_TAGGED(match):
        return _is_tag(match)
    found = _BEHIND_OWN(match)
    if found is not None and _is_own(_bare(found["name"]), match):
        return True
    found = _BESIDE_NETWORK(match)
    if found is None:
        return False
    before, behind = _bare(found["before"]), _bare(found["behind"])
    if _made_up(before) or _made_up(behind):
        return True
    return bool(found["own"] and behind) and _is_own(behind, match)


def _bare(name: str | None) -> str:
    name = (name or "").strip("@.-")
    return name if len(name) >= _LEAST else ""


DETECTOR = Detector(
    name="screen_name",
    kind=Kind.SCREEN_NAME,
    law="16 CFR 312.2 PI (3), (4)",
    pattern=(f"{_TAGGED}|{_OWNED}{_NAME}|{_AT_NETWORK}(?:(?:,?(?: my)? (?:{_ANY_OWN}))?{_LINK}{_NAME})?"),
    strength=Strength.LIKELY,
    validate=is_screen_name,
    probe=(
        rf"[a-z0-9_.]#[0-9]{{4}}|[^0-9A-Za-z](?:{_OWN})[ :=@-]|[^0-9A-Za-z](?:{_NETWORKS})(?:'s)?[ :=@,👉→➡-]"
        rf"|\((?:{_NETWORKS})\)"
        rf"|[^0-9A-Za-z]{_ON} (?:{_NETWORKS})[^0-9A-Za-z]"
    ),
    hits=(
        "snap: coolkid2014",
        "insta coolkid_9",
        "on roblox as SuperMia2014",
        "my roblox name is SuperMia",
        "my insta id is superprincess",
        "my name on roblox is superprincess",
        "username: darkwolf",
        "pubg id 5123456789",
        "coolkid2014 on snap",
        "coolkid2014 (insta)",
        "night_owl#1234",
        "discord: night_owl#1234",
        "मेरा इंस्टा coolkid2014 है",
    ),
    misses=(
        "I love roblox as a game",
        "discord: great community",
        "level #1234",
        "order#1234",
        "my roblox name is not showing",
        "username is already taken",
        "roblox level42 is hard",
        "stuck at level42 on xbox",
        "fortnite season5 on PlayStation",
        "minecraft 1.20.4 is out",
        "switch to hard mode",
        "threads of fate",
        "better on iPhone15 in TikTok",
    ),
)
