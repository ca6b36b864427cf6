"""An orderly end: nothing more is begun, and what is begun is finished before Faust stops its consumer."""

from typing import Protocol


class Endable(Protocol):
    """What has begun chunks, and can be told to begin no more."""

    def end(self) -> None:
        """Begin nothing more. What has arrived and has not begun is let go of: it comes again, to whoever is next."""

    async def ended(self) -> None:
        """Return when everything that was begun is acknowledged."""


class Ending:
    """Tells the agents of one process that it is about to end. Once called, it cannot be taken back."""

    def __init__(self) -> None:
        self.called = False
        self._running: set[Endable] = set()

    def join(self, agent: Endable) -> None:
        """Take an agent in; one that comes too late is told at once."""
        self._running.add(agent)
        if self.called:
            agent.end()

    def leave(self, agent: Endable) -> None:
        """Let an agent go that has stopped."""
        self._running.discard(agent)

    def call(self) -> None:
        """Tell every agent."""
        self.called = True
        for agent in self._running:
            agent.end()

    async def ended(self) -> None:
        """Return when all have acknowledged what they had begun; it may take for ever, so set a deadline."""
        for agent in tuple(self._running):
            await agent.ended()
