"""Failures of the consent room."""


class ConsentNotReady(Exception):  # noqa: N818 - a state, and the name that callers read
    """A lookup was asked for a partition that is not followed, or not read to its end yet.

    Judging events against it would take people with consent for people without. A defect of the caller: what
    it may judge with is what `ConsentReader.barrier` returned.
    """
