"""Progress of one round as a part of all rounds: one bar, one curve. Torch-free."""

from prunescope.progress import Progress
from prunescope.recovery.training.rounds import RoundsDone


class RoundProgress:
    """Passes on what one round reports, counted on from the rounds before."""

    def __init__(self, progress: Progress, number: int, rounds: int, done: RoundsDone) -> None:
        """Speak for round ``number``, from 1, of ``rounds``."""
        self._progress, self._number, self._rounds = progress, number, rounds
        last = done.curve[-1] if done.curve else None
        self._step, self._epoch = (last.step, last.epoch) if last else (0, 0.0)

    def start(self, total: int, message: str) -> None:
        """Say how many steps there are in all rounds, if those ahead are like this one."""
        ahead = total * (self._rounds - self._number + 1)
        self._progress.start(self._step + ahead, message)
        self._progress.advance(self._step, self._named(""))

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        """Pass on steps and values, with the round's number."""
        if values:
            values = values | {"round": float(self._number)}
            values["step"] = values.get("step", 0.0) + self._step
            values["epoch"] = values.get("epoch", 0.0) + self._epoch
        self._progress.advance(steps, self._named(message) if message else "", **values)

    def stand(self, **figures: float) -> None:
        """Pass figures on."""
        self._progress.stand(**figures)

    def cancelled(self) -> bool:
        """Return whether somebody asked to stop."""
        return self._progress.cancelled()

    def _named(self, message: str) -> str:
        name = f"round {self._number} of {self._rounds}"
        return f"{name}, {message}" if message else name
