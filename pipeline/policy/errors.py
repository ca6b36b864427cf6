"""What can be wrong with a policy, a settings file or a registry."""


class PolicyError(Exception):
    """Policy, settings or registry files cannot be used. Raised by loading, before anything runs.

    The caller shows the text and does not start (or keeps the policy it has). problems: one line each, with
    file, line and what would be valid; all of them, not just the first.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the policy cannot be used:\n" + "\n".join(f"  {p}" for p in problems))
        self.problems = problems
