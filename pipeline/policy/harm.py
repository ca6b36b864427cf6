"""What the name of an event or a property would tell about a child and must not (R11; DPDP Act s.9(2)).

s.9(2) forbids processing that is likely to harm a child's well-being, and knows no consent to it. So no name about a
child in either country may tell of her mood, of what makes her vulnerable, of self-harm, of compulsion, or of how
likely she is to spend. This file is the one list of such words; values are the business of schemas, which list them.

A word matches whole, in the plural, too; `*` at its end stands for any ending, `|` parts what may stand in one place.
Several words match one after the other and run together: `self harm*` is in self_harm, selfHarmRisk and SELFHARM.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

LAW = "DPDP Act s.9(2)"

Words = tuple[str, ...]

# Names of events and properties about children may not have these.
NEVER_OF_CHILDREN: Mapping[str, Words] = {
    "mood": (
        "mood*", "emotion*", "feeling*", "sentiment*", "happy", "happier", "happiness", "unhapp*", "sad", "sadder",
        "sadness", "angry", "anger", "anxious*", "anxiet*", "afraid", "fearful*", "scared", "frustrat*", "bored",
        "boredom", "lonel*", "stress", "stressed", "stressful", "upset", "cried", "crying",
    ),
    "vulnerability": (
        "vulnerab*", "abuse", "abused", "abusive", "bully*", "bulli*", "distress*", "trauma*", "depression",
        "depressed", "depressive", "grief", "grieving", "disabilit*", "diagnosis", "diagnosed", "disorder",
        "neglect*", "wellbeing*", "well being", "mental health|state|illness", "therap*", "illness*", "orphan",
        "homeless*", "poverty", "at risk", "self esteem", "special needs", "autis*", "adhd", "dyslexi*",
    ),
    "self-harm": (
        "self harm*", "self cut*", "self injur*", "self hurt*", "suicid*", "overdos*", "anorexi*", "bulimi*",
        "eating disorder", "weight loss", "body weight|image", "harm", "harmed", "harmful", "harming",
    ),
    "compulsion": (
        "compulsi*", "addict*", "binge*", "craving", "impulsiv*", "habit", "habitual*", "relapse*", "overuse*",
        "streak loss", "gambl*", "loot box", "gacha*", "problematic use|play", "loss of control",
    ),
    "spend propensity": (
        "propens*", "spender*", "whale*", "ltv*", "lifetime value", "arpu*", "arppu*", "payer*", "paying user|player",
        "spend score|tier|segment|likelihood|potential|profile|intent|prediction", "likely|willing* to pay|buy|spend",
        "purchase|buy|conversion intent|likelihood|probability|score|prediction", "buying|purchasing power",
        "price sensitiv*", "household|family income", "income band|bracket|group", "affluen*", "monetiz*",
        "monetis*", "upsell*", "churn*",
    ),
}  # fmt: skip

# Counts of Indian children may not have these either: of a US child, what she bought is a fact about the game.
NEVER_COUNTED: Mapping[str, Words] = {
    "mood": ("happy*", "happi*", "sad*", "anger*", "anxi*", "fear*", "stress*", "upset*", "cry*"),
    "vulnerability": ("abus*", "depress*", "griev*", "diagnos*", "disorder*", "mental*", "orphan*"),
    "self-harm": ("harm*",),
    "compulsion": ("crav*", "impuls*", "habit*", "hooked"),
    "spend propensity": ("spend*", "spent", "purchas*", "buyer*", "buying", "paying", "wallet*", "income*"),
}

# What only looks like one of them.
NOT_MEANT: Words = (
    "harmon*", "habitat*", "crystal*", "crypt*", "cravat*", "saddle*", "happy hour", "stress test*", "mood board",
    "moodle",
)  # fmt: skip

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")
_RUN = re.compile(r"[^\W\d_]+")
_BEFORE = r"\b(?:user|player|child|kid|student|is|has|my)?"  # what is often written in front of it without a border


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile(_BEFORE + f"(?:{'|'.join(map(_spelt, words))})" + r"\b")


def _spelt(words: str) -> str:
    parts = [f"(?:{part.replace('*', '[a-z]*')})" for part in words.split()]
    return " ?".join(parts) + ("" if words.endswith("*") else "(?:e?s)?")


_CHILD = {what: _pattern(words) for what, words in NEVER_OF_CHILDREN.items()}
_COUNTED = {what: _pattern(words + NEVER_COUNTED[what]) for what, words in NEVER_OF_CHILDREN.items()}
_NOT_MEANT = _pattern(NOT_MEANT)


def harm_in(name: str, *, counted: bool = False) -> str | None:
    """Say what a name of an event or property would tell about a child, None if nothing.

    counted: of what is a name in counts of Indian children, which may tell less.
    """
    name = unicodedata.normalize("NFKC", name)
    split = " ".join(_WORD.findall(name)).lower()
    runs = " ".join(_RUN.findall(name)).lower()  # MOODs are one word, though its letters say two
    texts = [_NOT_MEANT.sub("-", text) for text in dict.fromkeys((split, runs))]
    patterns = _COUNTED if counted else _CHILD
    return next((what for what, pattern in patterns.items() if any(map(pattern.search, texts))), None)
