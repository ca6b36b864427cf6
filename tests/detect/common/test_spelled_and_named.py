"""What people write so that no filter reads it: numbers and addresses in words, names beside a network, bare hosts."""

import pytest

from pipeline.detect.common import number_spelled, screen_name, web_address
from pipeline.detect.engine import scan
from pipeline.detect.scrub import scrub
from pipeline.detect.us import city_zip
from tests.detect.tables import DetectorTests, Table, is_hidden


class TestNumberSpelled(DetectorTests):
    table = Table(
        number_spelled.DETECTOR,
        alone=(
            "nine eight seven six five four three two one zero",
            "nine, eight, seven - six five four three",
            "two oh two five five five oh one two three",
            "four one five double five five zero one three four",
            "seven zero four two triple nine one",
            "nine 8 seven 6 five 4 three",
            "98 seven six five four three",
            "ninety eight seventy six fifty four thirty two ten",
            "nau aath saat chhe paanch chaar teen do ek shunya",
            "onbathu ettu ezhu aaru anju naalu moonu",
            "tommidi enimidi yedu aaru aidu nalugu moodu",
            "noy aat shat choy panch char tin",
            "नौ आठ सात छह पाँच चार तीन दो एक शून्य",
            "नाइन एट सेवन सिक्स फाइव फोर थ्री टू वन जीरो",
            "ஒன்பது எட்டு ஏழு ஆறு ஐந்து நான்கு மூன்று",
            "తొమ్మిది ఎనిమిది ఏడు ఆరు ఐదు నాలుగు మూడు",
            "নয় আট সাত ছয় পাঁচ চার তিন",
        ),
        named=(
            ("ssn: {}", "one two three, four five, six seven eight nine"),
            ("my aadhaar {}", "two three four five six seven eight nine zero one two three"),
            ("call me {} ok", "one two three four five six seven eight"),
        ),
        ordinary=(
            "one two three go",
            "one two three four five six seven eight nine ten",
            "zero one two three four five six seven eight nine",
            "ten nine eight seven six five four three two one zero",
            "seven six five four three two one",
            "one two one two one two one two",
            "one two three four one two three four",
            "five ten fifteen twenty twenty five thirty thirty five",
            "ek do teen char paanch chhe saat aath nau das",
            "एक दो तीन चार पांच छह सात आठ नौ दस",
            "two plus two is four and three more is seven",
            "1 2 3 4 5 6 7 and one two three",
            "nine lives, seven stars, five hearts, three keys, two doors, one boss, zero lag",
        ),
    )


class TestScreenName(DetectorTests):
    table = Table(
        screen_name.DETECTOR,
        alone=("night_owl#1234", "mia#0042", "snap: coolkid2014", "priya_2014 on insta", "roblox as SuperMia2014"),
        ordinary=(
            "I love roblox as a game",
            "discord: great community",
            "level #1234",
            "room#1234 and order#5521",
            "my username is not working",
            "my roblox name is missing",
            "gamertag is gone after update 3.2",
            "roblox level42 is hard",
            "stuck at level42 on xbox",
            "fortnite season5 on PlayStation",
            "playing on iPhone12 with TikTok and YouTube",
            "insta login does not work",
            "minecraft 1.20.4 on ps5",
            "threads of fate on switch",
            "मेरा इंस्टा लॉगिन नहीं चल रहा",
        ),
    )


class TestWebAddress(DetectorTests):
    table = Table(
        web_address.DETECTOR,
        alone=(
            "example.com/mia",
            "www.example.com",
            "www.example.school.in",
            "mia.example.in",
            "example.co.in",
            "miasharma.com",
            "t.me/mia2014",
            "instagram.com/mia",
            "bit.ly/3abcXYZ",
            "example.com?x=1",
            "mia.example.com:8080/x",
            "example dot com slash mia",
            "mia[.]example[.]in",
            "example(.)com/mia",
        ),
        named=(("my website {}", "mia.in"), ("see my blog {} ok", "mia.me")),
        ordinary=(
            "level.txt and index.html",
            "done.in the end it worked",
            "nice game.i love it",
            "fun.me and my son love it",
            "v2.io is fine",
            "version 5.12.3.in progress",
            "the package com.example.game.in crashed",
            "I saw it on youtube.com",
            "e.g. this and a.m. or p.m.",
            "connect dot to dot in the puzzle",
            "the dot com bubble",
            "wait...what.is.this",
            "mia@example.com",
        ),
    )


class TestCityZip(DetectorTests):
    table = Table(
        city_zip.DETECTOR,
        alone=("Austin, TX 78701", "New York, NY 10001-1234"),
        ordinary=("Sorry, OK 12345", "my player, ID 48213", "great, XP 12000", "now, CA 12345 coins", "hp, HP 12000"),
    )


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("add me on snap: {}", "coolkid2014"),
        ("add me on insta {} pls", "coolkid_2014"),
        ("discord: {}", "night_owl#1234"),
        ("i am on roblox as {}", "SuperMia2014"),
        ("my roblox name is {}", "SuperMia"),
        ("my insta id is {}", "superprincess"),
        ("my name on roblox is {}", "superprincess"),
        ("username: {}", "darkwolf"),
        ("my gamertag is {}", "DarkWolf99"),
        ("insta - {}", "mialee.99"),
        ("telegram me at {}", "mia2014"),
        ("{} on snapchat", "coolkid2014"),
        ("my pubg id is {}", "512345678"),
        ("yt channel {}", "MiaPlays2014"),
        ("snap👉{}", "coolkid2014"),
        ("मेरी इंस्टा आईडी {} है", "coolkid_2014"),
        ("mera insta id {} hai", "coolkid_2014"),
        ("என் இன்ஸ்டா {}", "coolkid_2014"),
    ],
)
def test_a_name_beside_its_network_goes(sentence: str, name: str) -> None:
    for written in (name, name.upper(), name.translate(str.maketrans("0123456789", "०१२३४५६७८९"))):
        assert is_hidden(written, sentence.format(written))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("ring 98-76-54-32-10 after six", "ring [phone_in] after six"),
        ("98.76.54.32.10", "[phone_in]"),
        ("ring me 9 8 7 6 5 4 3 2 1 0", "ring me [phone_in]"),
        ("987 654 3210", "[phone_in]"),
        ("98765*43210 or 98765_43210", "[phone_in] or [phone_in]"),
        ("98765 🔥 43210", "[phone_in]"),
        ("9👉7👉8👉6👉5👉4👉3👉2👉1👉2", "[phone_in]"),
        ("john dot doe at gmail dot com", "[email_spelled]"),
        ("j underscore doe dot 9 at gmail dot com!", "[email_spelled]!"),
        ("j o h n @ g m a i l . c o m ok", "[email] ok"),
        ("john @ g m a i l . c o m", "[email]"),
        ("j o h n at g m a i l dot c o m", "[email]"),
        ("my pan is A B C P E 1 2 3 4 F!", "my pan is [pan]!"),
        ("a-b-c-p-e-1-2-3-4-f", "[pan]"),
        ("4111*1111*1111*1111", "[payment_card]"),
        ("flat 4, MG Road, Bengaluru 560001", "flat [street_address]"),
        ("12 Elm Street, Austin, TX 78701 is home", "[street_address] is home"),
        ("from Pune - 411001", "from [pin_code]"),
        ("my ip is 203 dot 0 dot 113 dot 9", "my ip is [ip]"),
        ("lat 12.97 long 77.59", "[coordinates]"),
        ("latitude: 12.9716, longitude: 77.5946", "[coordinates]"),
        ("user id 6abe4f1e-8a07-42c7-a90f-2c24f8dab8a0", "user id [uuid]"),
        ("email=mia.j%40example.com", "email=[email]"),
    ],
)
def test_the_whole_of_it_goes_and_no_more(text: str, left: str) -> None:
    assert scrub(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "A B C D E F G song",
        "press W A S D to move",
        "answers: a b c a d b c a",
        "G A M E O V E R",
        "h.e.l.l.o w.o.r.l.d",
        "1 2 3 4 5 6 7 8 9",
        "9 8 7 6 5 4 3 2 1 0 lift off",
        "90-80-70-60-50",
        "won 21-19 19-21 21-17",
        "scores 98 76 54 32 10",
        "ratings 5⭐ 4⭐ 3⭐, level 5➡6➡7",
        "5/10 and 100/200 and 1200/1500 coins, season 2025/2026",
        "1920*1080 and 2560*1440",
        "Delhi 120000 coins",
        "Mumbai Indians made 245678 runs",
        "how long 12.50 seconds",
        "5 dot 1 dot 2",
        "look at gmail for the code",
    ],
)
def test_ordinary_text_that_comes_close_stays(text: str) -> None:
    assert scan(text).findings == ()
