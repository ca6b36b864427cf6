"""Names for the cases of a test, the same ones however often a process collects it.

pytest writes a backslash twice when it collects a test for a second time in one process, as mutmut makes it do, and
then no longer finds the names that it gave the first time.
"""


def shown(value: object) -> str:
    """Return the value as a name without a backslash, of at most 60 characters."""
    return ascii(value).replace("\\", "/")[:60]
