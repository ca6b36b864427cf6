"""Where a defect of coppice is, for whoever has to find it: the place in the code, and nothing of the event."""

from types import TracebackType

OWN = "pipeline."


def place_of(error: BaseException) -> str:
    """Return the error's type, and module and line of our code that raised it or called what did, in dots.

    Its text is left out: it may hold a value (R34).
    """
    place = ""
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if module.startswith(OWN):
            place = f".{module}.{trace.tb_lineno}"
        trace = trace.tb_next
    return type(error).__name__ + place
