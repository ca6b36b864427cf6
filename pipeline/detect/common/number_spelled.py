"""Telephone number, or any other number of seven digits and more, that is said in words: "nine eight double seven …".

Number words of the five languages (`number_words`), figures between them as well. Seven in a row are hardly anything
else, but for people who count: numbers that rise by equal steps ("one two three … ten"), that fall to one or zero ("ten
nine … one") and beats ("one two one two …") stay, unless a word beside them names a telephone or a card. The ten that
fall from nine to zero are no such row: it is the number that people make up for a telephone.
"""

import re
from itertools import pairwise

from pipeline.detect.common.number_words import TEENS, TENS, TIMES, UNITS
from pipeline.detect.detector import Detector, Kind, Strength
from pipeline.detect.prefilter import word_pattern

_GAP = "[ ,.;:/*_-]{1,3}"
_WORD = f"(?:{word_pattern((*UNITS, *TEENS, *TENS, *TIMES))})"
_PART = f"(?:{_WORD}|[0-9]{{1,5}})"
_SPLIT = re.compile("[ ,.;:/*_-]+").split
_LEAST_DIGITS, _LEAST_WORDS, _LEAST_NUMBERS = 7, 4, 3
_STEPS = frozenset({1, 2, 3, 4, 5, 10, 20, 25, 50, 100})
_MADE_UP = tuple(range(9, -1, -1))
_LONGEST_BEAT = 4


def _numbers(match: str) -> list[int]:
    """Return what is said, number by number: "forty two double five" is 42, 5, 5."""
    numbers: list[int] = []
    times, tens = 1, False
    for word in filter(None, _SPLIT(match.lower())):
        if word in TIMES:
            times, tens = TIMES[word], False
        elif tens and UNITS.get(word, 0) > 0:
            numbers[-1] += UNITS[word]
            tens = False
        else:
            value = int(word) if word.isdigit() else UNITS.get(word, TEENS.get(word, TENS.get(word, 0)))
            numbers += [value] * times
            times, tens = 1, word in TENS
    return numbers


def _is_long(match: str) -> bool:
    words = list(filter(None, _SPLIT(match)))
    figures = sum(map(len, filter(str.isdigit, words)))
    said = [word for word in words if not word.isdigit()]
    digits = figures + sum(len(str(number)) for number in _numbers(" ".join(said)))
    return len(said) >= _LEAST_WORDS and digits >= _LEAST_DIGITS


def _is_no_count(match: str) -> bool:
    numbers = _numbers(match)
    if tuple(numbers) == _MADE_UP:
        return True
    for beat in range(1, min(_LONGEST_BEAT, len(numbers) // 2) + 1):
        if all(one == other for one, other in zip(numbers, numbers[beat:], strict=False)):
            return False
    steps = {after - before for before, after in pairwise(numbers)}
    if len(numbers) < _LEAST_NUMBERS or len(steps) > 1:
        return True
    step = steps.pop()
    return step not in _STEPS and not (-step in _STEPS and numbers[-1] <= -step)


DETECTOR = Detector(
    name="number_spelled",
    kind=Kind.CONTACT,
    law="16 CFR 312.2 PI (5), (6); DPDP Act 2(t)",
    pattern=f"(?:[0-9]{{1,5}}{_GAP}){{0,4}}{_WORD}(?:{_GAP}{_PART}){{3,30}}",
    strength=Strength.LIKELY,
    exact=_is_long,
    validate=_is_no_count,
    words=(
        *("phone", "phone number", "mobile", "mobile number", "call me", "text me", "ring me", "whatsapp", "my number"),
        *("mera number", "ssn", "social security", "aadhaar", "aadhar", "फोन", "मोबाइल", "नंबर", "आधार"),
        *("போன்", "மொபைல்", "ஆதார்", "ఫోన్", "మొబైల్", "ఆధార్", "ফোন", "মোবাইল", "আধার"),
    ),
    probe=f"[^0-9A-Za-z]{_WORD}{_GAP}{_PART}{_GAP}{_PART}{_GAP}{_PART}",
    hits=(
        "nine eight seven six five four three two one zero",
        "two oh two, five five five, oh one two three",
        "nine double eight seven six triple five two",
        "nine 8 seven 6 five 4 three",
        "ninety eight seventy six fifty four thirty two ten",
        "nau aath saat chhe paanch chaar teen do ek shunya",
        "नौ आठ सात छह पांच चार तीन दो एक शून्य",
        "नाइन एट सेवन सिक्स फाइव फोर थ्री टू वन जीरो",
        "ஒன்பது எட்டு ஏழு ஆறு ஐந்து நான்கு மூன்று",
        "నైన్ ఎయిట్ సెవెన్ సిక్స్ ఫైవ్ ఫోర్ టూ టూ",
        "নয় আট সাত ছয় পাঁচ চার দুই দুই",
    ),
    misses=(
        "one two three go",
        "one two three four five six seven eight nine ten",
        "ten nine eight seven six five four three two one zero",
        "nine eight seven six five four three two one",
        "ek do teen char paanch chhe saat aath nau das",
        "one two one two one two one two",
        "one two three four one two three four",
        "five ten fifteen twenty twenty five thirty thirty five",
        "two plus two is four and three more is seven",
        "1 2 3 4 5 6 7",
    ),
)
