"""Forget what the core has worked out: for a mutant, which must not live on answers that were right before it was one.

mutmut runs the tests once without a mutant, and then each mutant in a fork of that process, with everything in it that
had been kept at hand.
"""

import gc
from contextlib import suppress

from pipeline.core import consent, sanitize, survey, youth
from pipeline.core.context import Context
from pipeline.core.identity import KeyRing
from pipeline.detect import compiled, normalise
from pipeline.policy.compiled import PropertyRule


def forget() -> None:
    """Empty every store of the core and of what tests have built at import."""
    for store in (consent._known, sanitize._versions, survey._envelopes, survey._shapes, compiled._known_keys):
        store.clear()
    for table in (youth._FOLDED, youth._BARE, normalise._FOLDED):
        table.clear()
    youth._known_name.cache_clear()
    youth._per_year.cache_clear()
    gc.unfreeze()  # what mutmut froze is not listed otherwise
    for each in gc.get_objects():
        if type(each) is Context:
            _work_out_again(each)
        elif type(each) is PropertyRule:
            each.memo.clear()
        elif type(each) is KeyRing:
            each._memo.clear()


def _work_out_again(context: Context) -> None:
    """Make the rulings of a context anew in their places: outcomes compare them by identity."""
    for (name, cohort, names), ruling in context.rulings.items():
        plan = context.registry.get(name) or context.profile
        if plan is not None and plan.name == name:
            with suppress(Exception):  # a mutant's; the tests are to find it
                ruling.__init__(names, plan, cohort, context.policy)  # type: ignore[misc]
