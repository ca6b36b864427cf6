"""Which properties leave with an event, and in which form (R03, R12–R24)."""

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from pipeline.core.ruling import Ruling
from pipeline.core.work import Work, scanned_at_most
from pipeline.detect.automaton import ANYWHERE, automaton
from pipeline.detect.engine import names, quick_all, scan, tells
from pipeline.detect.meter import LOOK, charge, charged
from pipeline.policy.compiled import UNSAFE, PropertyRule
from pipeline.policy.vocabulary import Action, Region

Pseudonymize = Callable[[PropertyRule, Any], str]
Lost = list[tuple[PropertyRule, bool]]

REMEMBERED: Final = 256  # values of one property; versions, product codes and quiz names come back again and again
LONGEST: Final = 64
_HASH_PATTERN: Final = "[a-z0-9+/_-]{22}"  # the base64 of an MD5, the shortest
_HASH_LIKE: Final = re.compile(_HASH_PATTERN).search
_ASCII_HASH_LIKE: Final = automaton(_HASH_PATTERN)
SHORTEST_ID: Final = 6  # a shorter id of a person stands in ordinary words
FEWEST: Final = 10 ** (SHORTEST_ID - 1)  # the first number that is as long

_MISSING: Final = object()
_SCRUB: Final = Action.SCRUB
_UNSAFE: Final = UNSAFE
_NEVER_REMEMBERED: Final = {Action.PSEUDONYMIZE, Action.SCRUB}  # R10: of its space alone; R21: what somebody wrote


def select(
    given: dict[str, Any],
    ruling: Ruling,
    region: Region,
    pseudonymize: Pseudonymize,
    kept: dict[str, Any],
    work: Work | None = None,
) -> Lost:
    """Copy what may leave from given to kept.

    work: what may still be looked at for the array that the event stands in; text beyond it stays behind.
    Return what stays behind because of its value: the rule of each, and whether an identifier was found in it (R12)
    rather than something its schema does not allow or that could not be made safe.
    """
    lost: Lost = []
    for name, check, rule in ruling.keep:
        value = given[name]
        if check.allows(value):
            kept[name] = value
        else:
            lost.append((rule, False))
    fresh = None
    for name, check, rule, safe in ruling.scanned:
        value = given[name]
        if work is None and type(value) is str and value in safe:  # in an array each counts, known or not
            kept[name] = value
        elif check.allows(value):
            kept[name] = value
            fresh = [] if fresh is None else fresh
            fresh.append((name, rule, safe))
        else:
            lost.append((rule, False))
    if fresh is not None:
        _scan(fresh, kept, lost, work)
    if ruling.changed:
        _change_all(given, ruling, region, pseudonymize, kept, lost, work)
    return lost


def _change_all(  # a step of `select`, with all that it has
    given: dict[str, Any],
    ruling: Ruling,
    region: Region,
    pseudonymize: Pseudonymize,
    kept: dict[str, Any],
    lost: Lost,
    work: Work | None,
) -> None:
    most = (scanned_at_most() if work is None else work.scanned_at_most) if ruling.scrubs else 0
    for name, rule, forms in ruling.changed:
        value = given[name]
        form = forms.get(value, _MISSING) if type(value) is str else _MISSING
        if rule.action is _SCRUB and charged() >= most:
            form = _UNSAFE
        elif form is _MISSING:
            form = change(value, rule, region, pseudonymize)
            if rule.action not in _NEVER_REMEMBERED:
                _remember(forms, value, form)
        if form is _UNSAFE:
            lost.append((rule, False))
        else:
            kept[name] = form


def _scan(
    fresh: list[tuple[str, PropertyRule, dict[str, Any]]], kept: dict[str, Any], lost: Lost, work: Work | None
) -> None:
    """Take away again the texts that hold an identifier; one pass looks at all of them."""
    texts: list[str] = []
    for name, _, _ in fresh:
        texts += texts_of(kept[name])
    if work is not None and charged() >= work.scanned_at_most:
        for name, rule, _ in fresh:
            del kept[name]
            lost.append((rule, False))
        return
    if work is not None:
        charge(LOOK + sum(map(len, texts)))
    suspicious = quick_all(texts)
    for name, rule, safe in fresh:
        value = kept[name]
        if (suspicious or tells(name)) and holds_identifier(name, value, rule.kind):
            del kept[name]
            lost.append((rule, True))
        else:
            _remember(safe, value, None)


def texts_of(value: Any) -> list[str]:
    """Return an allowed value as the texts that identifiers are looked for in; a number by its digits."""
    if type(value) is str:
        return [value]
    if type(value) is list:
        return [text for part in value for text in texts_of(part)]
    return [str(int(value) if type(value) is float and value.is_integer() else value)]


def holds_identifier(name: str, value: Any, kind: str) -> bool:
    """Say whether a value that its schema allows holds a direct identifier all the same (R12).

    kind: the class that the registry gives it. A name that speaks for the same class, as `utm_id` does for marketing,
    says nothing that the policy has not ruled on; any other tells what the text is, however it looks.
    """
    owner = names(name)
    key = "" if owner is not None and owner.kind == kind else name
    return any(scan(text, key).findings for text in texts_of(value))


def may_hold_own_id(ruling: Ruling, kept: dict[str, Any], profile: str, device: Any) -> bool:
    """Say whether `take_own_ids` could find anything: nearly all texts are shorter than any of the event's own ids."""
    shortest = min(len(profile), len(device)) if type(device) is str else len(profile)
    for name, _ in ruling.texts:
        value = kept.get(name)
        if type(value) is str:
            if len(value) >= shortest or not value.isascii():  # which can be longer in another case
                return True
        elif value is not None and (type(value) is not int or not -FEWEST < value < FEWEST):
            return True
    return False


def take_own_ids(ids: list[str], ruling: Ruling, kept: dict[str, Any], lost: Lost) -> None:
    """Take away texts in which the event's own ids stand, as they are or as an unkeyed hash (R15)."""
    plain = [own.casefold() for own in ids]
    forms: list[str] | None = None
    for name, rule in ruling.texts:
        value = kept.get(name)
        if value is None:
            continue
        text = (value if type(value) is str else " ".join(texts_of(value))).casefold()
        found = False
        for own in plain:
            if own in text:
                found = True
        if not found and _is_hash_like(text):
            forms = forms or [form.casefold() for own in ids for form in _hashes(own)]
            found = any(form in text for form in forms)
        if found:
            del kept[name]
            lost.append((rule, True))


def _is_hash_like(text: str) -> bool:
    if not text.isascii():
        return _HASH_LIKE(text) is not None
    return _ASCII_HASH_LIKE(ANYWHERE, text.encode(), 0, len(text))[0][1] >= 0


def _hashes(own: str) -> list[str]:
    digests = [hashlib.new(kind, own.encode(), usedforsecurity=False).digest() for kind in ("md5", "sha1", "sha256")]
    return [*(d.hex() for d in digests), *(base64.b64encode(d).decode().rstrip("=") for d in digests)]


def _remember(store: dict[str, Any], value: Any, what: Any) -> None:
    if type(value) is str and len(value) <= LONGEST:
        if len(store) >= REMEMBERED:
            store.clear()
        store[value] = what


def change(value: Any, rule: PropertyRule, region: Region, pseudonymize: Pseudonymize) -> Any:
    """Return the form in which a value leaves, UNSAFE where it cannot."""
    if rule.check is not None and not rule.check.allows(value):
        return UNSAFE
    if rule.action is Action.PSEUDONYMIZE:
        return pseudonymize(rule, value)
    return rule.transform(value, region) if rule.transform is not None else UNSAFE
