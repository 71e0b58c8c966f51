"""How a long run tells what it does, to a terminal, a job's folder or nobody. Torch-free."""

from typing import Protocol


class Progress(Protocol):
    """What a run reports to, and asks whether to go on."""

    def start(self, total: int, message: str) -> None:
        """Say that ``total`` steps are ahead."""

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        """Say that ``steps`` are done, with named values such as a loss."""

    def stand(self, **figures: float) -> None:
        """Say where the run stands: figures that replace the ones before."""

    def cancelled(self) -> bool:
        """Return whether somebody asked to stop."""


class Silent:
    """Report to nobody."""

    def start(self, total: int, message: str) -> None:
        """Ignore."""

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        """Ignore."""

    def stand(self, **figures: float) -> None:
        """Ignore."""

    def cancelled(self) -> bool:
        """Return False: nobody asks."""
        return False
