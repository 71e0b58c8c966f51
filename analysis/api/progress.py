"""How a run in a notebook or a script tells what it does: a bar by ``tqdm.auto``. Torch-free."""

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from prunescope.progress import Progress
from prunescope.user_code.patience import listening

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # in a notebook without ipywidgets: a bar of text will do
    from tqdm.auto import tqdm


class BarProgress:
    """A bar in the notebook's cell or on the error stream, shown once there are steps.

    Interrupting the kernel, or Ctrl-C, stops the run; what was finished is stored.
    """

    def __init__(self) -> None:
        self._bar: Any = None

    def start(self, total: int, message: str) -> None:
        """Show a bar of ``total`` steps in place of the one before; none for nothing to do."""
        self.close()
        if total:
            self._bar = tqdm(total=total, desc=message, leave=False)

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        """Move the bar and name the last step and its values."""
        if self._bar is None:
            return
        shown = "  ".join([message, *(f"{k} {v:.4g}" for k, v in values.items())]).strip()
        self._bar.set_postfix_str(shown, refresh=False)
        self._bar.update(steps)

    def stand(self, **figures: float) -> None:
        """Leave figures to the bar's own count."""

    def cancelled(self) -> bool:
        """Return False: interrupting the kernel asks."""
        return False

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextlib.contextmanager
def shown(progress: Progress | None) -> Iterator[Progress]:
    """Yield ``progress``, or a bar that goes with the block where there is none."""
    if progress is not None:
        with listening(lambda message: progress.advance(0, message)):
            yield progress
        return
    bar = BarProgress()
    try:
        with listening(lambda message: tqdm.write(message, file=sys.stderr)):
            yield bar
    finally:
        bar.close()
