"""The chaos suite: a deployment under load, faults in random order, and after each of them the fate of every event."""
