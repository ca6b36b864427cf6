"""Email, handles, names and what else reaches or names a person."""

from pipeline.detect.common import age, birth_date, email, email_spelled, handle, name
from tests.detect.tables import DetectorTests, Table


class TestEmail(DetectorTests):
    table = Table(
        email.DETECTOR,
        alone=(
            "mia@example.com",
            "mia+school@mail.example.co.in",
            "MIA.J@EXAMPLE.ORG",
            "o_neil-2014@example.com",
            "a@b.io",
            "diya@उदाहरण.भारत",
            "अनु@example.in",
            "mia @ example.com",
            "x" * 64 + "@example.com",
            "mia@xn--p1b6ci4b4b3a.xn--h2brj9c",
        ),
        ordinary=("look at example.com", "5 @ 10", "a@b", "user@", "10 @ 1.5", "ravi@okhdfcbank"),
        keys=("email", "$email", "parent_email", "guardianEmail", "e.mail", "contact-email-address"),
    )


class TestEmailSpelled(DetectorTests):
    table = Table(
        email_spelled.DETECTOR,
        alone=(
            "mia at example dot com",
            "mia (at) example (dot) com",
            "mia[at]example.com",
            "mia @ example dot com",
            "diya at gmail dot co dot in",
            "diya एट example डॉट com",
        ),
        ordinary=("look at example.com", "meet me at the dot", "we met at noon dot", "at 5 dot com"),
    )


class TestHandle(DetectorTests):
    table = Table(
        handle.DETECTOR,
        alone=("@mia_2014", "@diya.sharma", "@NoahPlays"),
        ordinary=("5 @ 10", "@ home", "price @ 10"),
        keys=("username", "gamertag", "nickName", "player", "screen_name", "discord"),
    )


class TestName(DetectorTests):
    table = Table(
        name.DETECTOR,
        keys=("name", "$name", "first_name", "childName", "parent_name", "player-name", "card.holder", "surname"),
    )


class TestBirthDate(DetectorTests):
    table = Table(
        birth_date.DETECTOR,
        named=tuple(
            (sentence, date)
            for sentence in ("born on {}", "dob: {}", "मेरा जन्म {} को हुआ", "{} is my birthday", "பிறந்த நாள் {}", "জন্ম {}")
            for date in (
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
                "9 अप्रैल 2016",
                "04/09/16",
                "April 2016",
                "9 4 2016",
            )
        ),
        ordinary=("played on 25/11/2026", "2026-11-25 10:30", "the update of April 9", "born to win level 45"),
        keys=("dob", "birth_date", "childDob", "$birthday", "yearOfBirth"),
    )


class TestAge(DetectorTests):
    table = Table(
        age.DETECTOR,
        named=(
            ("{} and I like it", "I am 8 years old"),
            ("{} हूँ", "मेरी उम्र 9"),
            ("my {} son", "7-year-old"),
            ("{}", "i'm 11 y/o"),
        ),
        ordinary=("level 8", "age of empires 2", "8 years of fun", "page 12", "I am 8th"),
        keys=("age", "child_age", "ageBand", "grade", "school_grade"),
    )
