"""Prints how many clean and dirty events a second the core judges in this interpreter, and which build of it ran.

`core_speed.py POOL PROFILES ROUNDS`
"""

import json
import sys

from benchmarks.events import make_pool
from benchmarks.group_core import rate, without_free_text
from benchmarks.group_redaction import plant
from pipeline.core.built import build
from pipeline.core.sanitize import sanitize


def main() -> None:
    pool = make_pool(int(sys.argv[1]), int(sys.argv[2]))
    raws = {"clean": without_free_text(pool)[0], "dirty": [event.raw for event in plant(pool)]}
    rates = {
        kind: [rate(lambda raw: sanitize(raw, pool.consents, pool.context), events) for _ in range(int(sys.argv[3]))]
        for kind, events in raws.items()
    }
    events = {kind: len(each) for kind, each in raws.items()}
    print(json.dumps({"build": build(), "events": events, **rates}))


if __name__ == "__main__":
    main()
