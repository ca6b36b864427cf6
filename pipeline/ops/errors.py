"""The one error an operator is meant to read."""


class ConfigError(Exception):
    """A wrong setting, a missing credential, an unreachable broker or topics that do not fit.

    Raised before any event is touched. Its text is one complete message that names the setting and the way
    out, and never holds a secret. The command line prints it without a traceback and exits with status 2.
    """
