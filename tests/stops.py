"""Progress that asks to stop after a while."""

from prunescope.progress import Silent


class StopAfter(Silent):
    """Lets ``count`` questions whether to stop pass, and answers yes from then on."""

    def __init__(self, count: int) -> None:
        self.left = count

    def cancelled(self) -> bool:
        self.left -= 1
        return self.left < 0
