"""Identifiers as people write them so that no filter reads them, and ordinary text that comes close.

A corpus of its own: the other tool is measured on what programs and tables hold (`detector_corpus`), which stays as it
is. Everything comes from one seed; no sentence is from the unit tests.
"""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from benchmarks.corpus_values import Maker, ordinary

SEED: Final = 20261126
ROUNDS: Final = 40  # texts of each way
CLEAN_ROUNDS: Final = 12  # fillings of each clean sentence

_WORDS: Final = {
    "English words": "zero one two three four five six seven eight nine",
    "Hindi words, Latin letters": "shunya ek do teen chaar paanch chhe saat aath nau",
    "Hindi words": "शून्य एक दो तीन चार पांच छह सात आठ नौ",
    "English words in Devanagari": "जीरो वन टू थ्री फोर फाइव सिक्स सेवन एट नाइन",
    "Tamil words": "பூஜ்யம் ஒன்று இரண்டு மூன்று நான்கு ஐந்து ஆறு ஏழு எட்டு ஒன்பது",
    "Telugu words": "సున్నా ఒకటి రెండు మూడు నాలుగు ఐదు ఆరు ఏడు ఎనిమిది తొమ్మిది",
    "Bengali words": "শূন্য এক দুই তিন চার পাঁচ ছয় সাত আট নয়",
}
_NAMED: Final = ("reach my cousin on {}", "whatsapp her, {} please", "dad's mobile {} is off")
_BARE: Final = ("I wrote {} into the box", "{} does not get the code", "ok {} then", "try {} after dinner")
_NETWORKS: Final = ("snapchat", "insta", "discord", "roblox", "telegram", "tiktok")


class Text(NamedTuple):
    """A text. way: how the value is written, "" for none; value: as it stands in the text."""

    text: str
    way: str = ""
    value: str = ""


def _phone(rng: random.Random) -> str:
    return rng.choice("6789") + "".join(rng.choice("0123456789") for _ in range(9))


def _said(words: str, rng: random.Random) -> str:
    table = words.split()
    return rng.choice((" ", " ", ", ", "-")).join(table[int(digit)] for digit in _phone(rng))


def _doubled(rng: random.Random) -> str:
    table = _WORDS["English words"].split()
    said = [table[int(digit)] for digit in _phone(rng)[:7]]
    said[rng.randrange(7)] = f"double {rng.choice(table)}"
    said[rng.randrange(1, 6)] = "oh"
    return " ".join(said)


def _apart(rng: random.Random) -> str:
    number = _phone(rng)
    return rng.choice("-.").join(number[i : i + 2] for i in range(0, 10, 2))


def _local(rng: random.Random, *joints: str) -> str:
    return rng.choice(joints).join((rng.choice(("kavya", "oscar", "imran", "lakshmi")), rng.choice("knrs"))) + str(
        rng.randint(2, 99)
    )


def _spelled_mail(rng: random.Random) -> str:
    at = rng.choice((" at ", " (at) ", "_at_", " at the rate of ", " @ "))
    return f"{_local(rng, ' dot ', ' underscore ', '(dot)')}{at}{rng.choice(('gmail', 'example'))} dot com"


def _apart_by_signs(value: str, rng: random.Random) -> str:
    return rng.choice((" ", " ", " ", "-") if value.isalnum() else (" ",)).join(value)


def _screen_name(rng: random.Random) -> str:
    name = _local(rng, "", "_", "Plays", "Super")
    network = rng.choice(_NETWORKS)
    return rng.choice(
        (
            f"{network}: {name}",
            f"{network} as {name}",
            f"{name} on {network}",
            f"{network} id {name}",
            f"{network} {name}",
        )
    )


def _tag(rng: random.Random) -> str:
    return f"{_local(rng, '', '_', '.')}#{rng.randint(1000, 9999)}"


def _web(rng: random.Random) -> str:
    host = rng.choice(("example.com", "kavya.example.in", "me.example.co.in", "www.example.org", "example.gg"))
    return (
        f"{host}/{_local(rng, '', '-', '/')}" if rng.random() < 0.7 else host.replace("example.gg", "example.net")
    )  # mostly with a path


def _ip(rng: random.Random) -> str:
    return rng.choice((" dot ", "(dot)", "[.]")).join(str(rng.randint(1, 254)) for _ in range(4))


def _place(rng: random.Random) -> str:
    first, second = f"{rng.uniform(8, 35):.{rng.randint(2, 6)}f}", f"{rng.uniform(68, 97):.{rng.randint(2, 6)}f}"
    return rng.choice(("lat {} long {}", "latitude: {}, longitude: {}", "lat={} lng={}")).format(first, second)


def _code(rng: random.Random) -> str:
    city = rng.choice(("Bengaluru", "Mumbai", "Lucknow", "Chennai", "कोलकाता"))
    return f"{city}{rng.choice((' ', ' - ', ', '))}{rng.randint(110_001, 855_117)}"


def _ways() -> dict[str, Callable[[random.Random], str]]:
    said = {f"telephone, {way}": partial(_said, words) for way, words in _WORDS.items()}
    return {
        **said,
        'telephone, "double" and "oh"': _doubled,
        "telephone, pairs of digits": _apart,
        "telephone, odd signs between": lambda rng: rng.choice("*_~/").join((_phone(rng)[:5], _phone(rng)[5:])),
        "telephone, pictures between": lambda rng: rng.choice("🙂👉🔥⭐").join(_phone(rng)),
        "email, in words": _spelled_mail,
        "email, sign by sign": lambda rng: _apart_by_signs(f"{_local(rng, '', '.')}@gmail.com", rng),
        "PAN, sign by sign": lambda rng: _apart_by_signs(Maker(rng).pan(), rng),
        "screen name beside its network": _screen_name,
        "tag with a number": _tag,
        "web address without a scheme": _web,
        'IP address, "dot" in words': _ip,
        "coordinates beside their words": _place,
        "PIN code behind a city": _code,
    }


WAYS: Final = _ways()

CLEAN: Final = (
    "roblox and discord are fun, level {level}",
    "our discord server has {small} members",
    "minecraft on xbox runs better than on ps5, {small} fps",
    "insta login fails at {time}, snapchat works",
    "the username field cuts my name after {small} letters",
    "my roblox name is shown wrong since {date}",
    "gamertag is missing after update {version}",
    "fortnite season{small} was better than season{small}",
    "we are team{small} on level{level} and won",
    "playing since 2019 on iPhone12 in Delhi, {score} points",
    "count one two three four five six seven eight nine ten, then jump at {time}",
    "ek do teen char paanch chhe saat aath nau das wala level {level}",
    "ten nine eight seven six five four three two one and it crashed on {version}",
    "one two three one two three one two three dance step {small}",
    "the save.dat and level{small}.txt are gone",
    "level {level} is done.in the end it worked",
    "nice game.i love it, {small}/5",
    "saw it on youtube.com at {time}",
    "com.example.game crashed with E{level}",
    "connect dot to dot in puzzle {small}",
    "the at sign and the dot sign are swapped in level {level}",
    "the A B C D E F G song on level {level} is nice",
    "press W A S D to move, {small} fps",
    "quiz answers a b c a d b c a gave {score}",
    "scores {small} {level} {small} {level} {small}",
    "1 2 3 4 5 6 7 8 9 and then {score}",
    "stars {small}⭐ and {level}⭐ of {score}",
    "got {small}/{level} and {score} points in 100/200",
    "screen {resolution} or 2560*1440",
    "{small} minutes is how long 12.50 rounds take",
    "Delhi map, {otp} coins",
    "Mumbai level {level} gave {score}",
    "Sorry, OK {small} points",
    "he won 3-2-1-0 and {small}-{level}",
    "two plus two is four and three more is seven, level {small}",
    "no one can beat four five star bosses on {level}",
    "हिंदी में एक दो तीन चार पांच छह सात आठ नौ दस लेवल {level}",
    "मेरा इंस्टा लॉगिन {date} से बंद है",
    "ஒன்று இரண்டு மூன்று நான்கு ஐந்து ஆறு ஏழு எட்டு நிலை {level}",
    "ఒకటి రెండు మూడు నాలుగు ఐదు ఆరు ఏడు ఎనిమిది లెవెల్ {level}",
    "এক দুই তিন চার পাঁচ ছয় সাত আট লেভেল {level}",
    "room#{small} and bug#{level}",
    "look at gmail for the code {otp}",
    "day{small} reward on snap mode {level}",
)


def planted(seed: int = SEED) -> Iterator[Text]:
    """Texts with one value each."""
    rng = random.Random(seed)
    for way, make in WAYS.items():
        for _ in range(ROUNDS):
            value = make(rng)
            yield Text(
                rng.choice((*_NAMED, *_BARE) if way.startswith("telephone") else _BARE).format(value), way, value
            )


def clean(seed: int = SEED) -> Iterator[Text]:
    """Texts without personal data."""
    maker = Maker(random.Random(seed + 1))
    for sentence in CLEAN:
        for _ in range(CLEAN_ROUNDS):
            yield Text(sentence.format(**ordinary(maker)))
