"""Names of people in text: common ones in every disguise, and the ordinary words that are names elsewhere."""

import base64
import random
import urllib.parse

import pytest

from pipeline.detect import name_lists as lists
from pipeline.detect.common import person_name
from pipeline.detect.engine import quick, scan
from pipeline.detect.normalise import fold
from pipeline.detect.scrub import scrub
from tests.detect.tables import DetectorTests, Table, is_hidden, names

LISTS = {name: words for name, words in vars(lists).items() if name.isupper()}


class TestPersonName(DetectorTests):
    table = Table(
        person_name.DETECTOR,
        alone=(
            "Noah Garcia",
            "Liam O'Neil",
            "Ananya D’Souza",
            "Diya R. Sharma",
            "aarav_patel",
            "noah-garcia",
            "Patel, Aarav",
            "Mary-Jane Watson",
            "José García",
            "Grace Patel",
            "आरव पटेल",
            "आशा शर्मा",
            "தியா சர்மா",
            "ప్రియాంక రెడ్డి",
            "সৌরভ গাঙ্গুলী",
        ),
        ordinary=(
            "Dark Forest and Level Boss",
            "Super Hero skin, Dragon King, Star King",
            "Rose Gold ring, Ruby Mine, Diamond Rush",
            "Happy Diwali, Holi and Pongal, Ganesh Chaturthi, Jai Shri Ram",
            "Grace period ends in May, June or August",
            "will mark bill and frank jack up the price",
            "Mission Impossible, Sky Castle, Lucky Spin",
            "Sri Lanka, Master Chief, Khan Academy, 5 O'Clock",
            "I am Stuck, I AM CONFUSED, I'm Loving It",
            "my name is not showing, her name is too long",
            "mera naam nahi dikh raha, raja rani level, das baje",
            "gems_pack_100",
            "diwali-2026",
            "दिया जलाया, आशा है, सूरज और चाँद, राजा रानी, पूजा का ऑफर",
            "मेरा नाम गलत है, विशाल राक्षस, प्रशांत महासागर, खान में सोना",
            "தங்கம், ராஜா ராணி, ஐந்து மணிக்கு, என் பெயர் தவறாக உள்ளது",
            "రాజు రాణి, పాయింట్లు రావు, నా పేరు తప్పుగా ఉంది",
            "রাজা রানি, আরব সাগর, খাবার খান, আমার নাম ভুল দেখাচ্ছে",
        ),
    )


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("my name is {} ok", "zorkan"),
        ("mera naam {} hai", "zorkan"),
        ("मेरा नाम {} है", "ज़ोर्कन"),
        ("என் பெயர் {}", "ஜோர்கன்"),
        ("నా పేరు {}", "జోర్కన్"),
        ("আমার নাম {}", "জোরকান"),
        ("mr {} called", "zorkan"),
        ("Smt. {} called", "zorkan"),
        ("श्रीमती {} आईं", "ज़ोर्कन"),
        ("i am {}", "aarav"),
    ],
)
def test_whoever_is_introduced_is_named(sentence: str, name: str) -> None:
    for form in (name, name.title(), f"{name[:2]}\u200b{name[2:]}"):
        assert is_hidden(form, sentence.format(form))
    assert is_hidden(name.upper(), sentence.upper().format(name.upper()))
    assert is_hidden(name, urllib.parse.quote(sentence.format(name)))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("it is NOAH GARCIA thanks", "it is [person_name] thanks"),
        ("call me at Liam O'Neil", "call me at [person_name]"),
        ("Thanks Noah Garcia", "Thanks [person_name]"),
        ("Aarav's phone", "[person_name]'s phone"),
        ("hello Noah!", "hello [person_name]!"),
        ("ask Noah J. about Mia", "ask [person_name] about [person_name]"),
        ("A. Patel and R Sharma", "[person_name] and [person_name]"),
        ("Zorkan Sharma won", "[person_name] won"),
        ("Noah Zorkan won", "[person_name] won"),
        ("Dr. Zorkan Blix won", "[person_name] won"),
        ("Mark Brown won", "[person_name] won"),
        ("Lucky Patel won", "[person_name] won"),
        ("मेरा आरव पटेल है", "मेरा [person_name] है"),
        ("ज़ोर्कन शर्मा जी", "[person_name] जी"),
        ("அருணுக்கு வேண்டும்", "[person_name] வேண்டும்"),
        ("রাহুলের ফোন", "[person_name] ফোন"),
    ],
)
def test_takes_the_name_and_leaves_the_rest(text: str, left: str) -> None:
    assert scrub(text) == left


@pytest.mark.parametrize("text", ["noah", "Garcia", "mark brown", "Grace", "Star King", "आशा", "राम लाल"])
def test_what_one_cannot_tell_is_left(text: str) -> None:
    assert names(text) == set()


@pytest.mark.parametrize(
    "text", ["gems_pack_100", "diwali-2026", "q-fractions-7", "it is too hard for us", "Dark Forest"]
)
def test_ordinary_values_pass_at_first_glance(text: str) -> None:
    assert not quick(text)


def test_all_pairs_are_found_in_every_disguise() -> None:
    rng = random.Random(20261125)
    latin = sorted(lists.GIVEN), sorted(lists.SURNAMES | lists.WORD_SURNAMES)
    wordy = sorted(lists.SOFT_GIVEN | lists.HARD_GIVEN), sorted(lists.SURNAMES)
    left = []
    for given, surnames in (latin, wordy):
        for surname in rng.sample(surnames, 200):
            name = f"{rng.choice(given)} {surname}"
            half = len(name) // 2
            for form in (
                name,
                name.upper(),
                name.title(),
                f"{name[:half]}\u200b{name[half:]}",
                urllib.parse.quote(name),
                base64.b64encode(name.title().encode()).decode(),
            ):
                out = scrub(f"call me at {form} ok")
                if out is not None and out != "call me at [person_name] ok":
                    left.append(form)
    assert left == []


def test_all_names_of_indian_scripts_are_found() -> None:
    sure = lists.SCRIPT_GIVEN | lists.SCRIPT_SURNAMES
    assert [name for name in sorted(sure) if scrub(f"{name}, ok") != "[person_name], ok"] == []
    assert [name for name in sorted(lists.SCRIPT_WORD_GIVEN - sure) if names(f"{name}, ok")] == []


@pytest.mark.parametrize("words", LISTS.values(), ids=LISTS)
def test_lists_are_in_the_form_that_text_is_compared_in(words: frozenset[str]) -> None:
    assert [word for word in sorted(words) if fold(word).lower() != word or len(word) < 2] == []


def test_no_name_is_sure_and_doubtful() -> None:
    assert not lists.GIVEN & (lists.SOFT_GIVEN | lists.HARD_GIVEN)
    assert not lists.SOFT_GIVEN & lists.HARD_GIVEN
    assert not lists.SURNAMES & lists.WORD_SURNAMES


def test_long_text_of_names_is_judged() -> None:
    assert len(scan("Noah Garcia, " * 600).findings) == 600
