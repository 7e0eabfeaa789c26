"""A count of work done, by which long work is told from a standstill."""


class Pulse:
    """Counts packets and frames; only its changes mean anything.

    Attributes:
        count: So far, in this process.
    """

    def __init__(self) -> None:
        self.count = 0

    def beat(self) -> None:
        """Note that something was done."""
        self.count += 1


PULSE = Pulse()
