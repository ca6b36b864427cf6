"""`coppice` with a failure planted deep inside: `planted.py MODULE:NAME[.NAME] AFTER ARGUMENTS…`.

The place that is named raises from the call number AFTER on. The exception, its arguments, its notes, the exception
behind it and the variables on the way hold the text of the variable PLANTED, which is no constant of any code.
"""

import asyncio
import importlib
import os
import sys
from typing import Any, NoReturn

from pipeline.cli.main import main

TEXT = os.environ["PLANTED"]


class OddError(Exception):
    """Nobody expects it."""


def fail(*_: Any, **__: Any) -> NoReturn:
    secret = {"email": TEXT}
    error = OddError(f"cannot read {TEXT}", secret)
    error.add_note(TEXT)
    raise error from KeyError(TEXT, secret)


def plant(place: str, after: int) -> None:
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    stock, calls = getattr(owner, name), 0

    def planted(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        return fail(*args, **kwargs) if calls > after else stock(*args, **kwargs)

    async def planted_coroutine(*args: Any, **kwargs: Any) -> Any:
        return await planted(*args, **kwargs)

    setattr(owner, name, planted_coroutine if asyncio.iscoroutinefunction(stock) else planted)


if __name__ == "__main__":
    plant(sys.argv[1], int(sys.argv[2]))
    sys.argv[1:] = sys.argv[3:]
    main()
