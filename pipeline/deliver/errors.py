"""Failures of the deliver room. What Mixpanel answers is a value (`deliver.answers`), not an exception."""


class WrongTopicError(Exception):
    """A chunk of another topic was offered: the events of one region must never reach another's project.

    It is a defect in how the worker is wired; the process ends before anything of the chunk is sent.
    """
