"""How much processor time a sweep is going to take, learned from its own points. Torch-free.

Every run of a point over samples takes what its kind takes to make (masks, batch-norm statistics),
and time in proportion to the multiply-accumulates behind it; one run of each call pays for the walk
over the dense network. The first run of a point makes more than later ones, by its weights and with
``ls`` by the refits behind it, and the first point of a subject what its others share, such as
second moments. The rates are fitted to what whole calls of the engine took, at first to those of
the pilots (``work_order.pilots``), which run alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from prunescope.arrays import Floats

WIDEST: Final = 1.5
"""Factor between the forecast of what is left and the ends of its range."""
_COLUMNS: Final = 7
_PRODUCTS: Final = 1e9
"""Products of refits that count as one."""
_WEIGHTS: Final = 1e6


@dataclass(frozen=True)
class PointRun:
    """One point on one run of samples.

    Attributes:
        kind: As ``work_order.kind_of`` names it.
        behind: Multiply-accumulates of one sample behind its subject.
        samples: In the run.
        first: Whether it is the point's first run in this process.
        opens: Whether it is also the first run of its kind on its subject.
        walked: Multiply-accumulates of the dense walk that the run's call takes, charged to one of
            its runs; see ``with_walks``.
        refit: Products of the refits that making it takes (``work_behind.refit_work``).
        weights: Of its subject, which are scored, masked and deflated.
    """

    kind: str
    behind: int
    samples: int
    first: bool
    opens: bool = False
    walked: int = 0
    refit: int = 0
    weights: int = 0


@dataclass(frozen=True)
class Forecast:
    """Processor time that a whole sweep takes, what it has taken so far included.

    Attributes:
        low: Lower end of the range, seconds.
        expected: Seconds.
        high: Upper end.
        points: Runs of points that it rests on.
        stretch: Seconds on the clock for each second of processor time so far: below 1 where
            several cores work, above where others want them too.
    """

    low: float
    expected: float
    high: float
    points: int
    stretch: float


def with_walks(runs: Sequence[PointRun], macs: int) -> list[PointRun]:
    """Return the runs of one call, those that stop the latest charged with the dense walk to there.

    Args:
        runs: On the same samples; each recovery has a walk of its own.
        macs: Multiply-accumulates of one sample in the dense network.
    """
    last: dict[str, int] = {}
    for place, run in enumerate(runs):
        recovery = run.kind.partition(" ")[0]
        if recovery not in last or run.behind < runs[last[recovery]].behind:
            last[recovery] = place
    charged = list(runs)
    for place in last.values():
        run = runs[place]
        charged[place] = replace(run, walked=run.samples * max(macs - run.behind, 0))
    return charged


class RunCosts:
    """What runs have taken so far, and what others are going to take."""

    def __init__(self, macs: int) -> None:
        """Begin with nothing.

        Args:
            macs: Multiply-accumulates of one sample in the dense network.
        """
        self._macs = max(macs, 1)
        self._kinds: list[str] = []
        self._rows: list[tuple[dict[str, Floats], float, bool]] = []
        self._rates: Floats | None = None
        self.points = 0
        """Runs so far."""

    def add(self, runs: Sequence[PointRun], seconds: float, once: bool = False) -> None:
        """Note that ``runs`` took ``seconds`` together.

        Args:
            runs: Of one call of the engine.
            seconds: Of processor time.
            once: Whether something was made that later runs share, such as a criterion's scores:
                such calls count only where a kind has no others.
        """
        if not runs:
            return
        self.points += len(runs)
        self._rates = None
        self._kinds += [kind for kind in dict.fromkeys(run.kind for run in runs)
                        if kind not in self._kinds]  # fmt: skip
        self._rows.append((self._sums(runs), seconds, once))

    def seconds(self, coming: Sequence[PointRun]) -> float | None:
        """Return the processor time of runs to come; None while a kind of them has not run."""
        if any(run.kind not in self._kinds for run in coming):
            return None
        return float(self._row(self._sums(coming)) @ self._fitted()) if coming else 0.0

    def forecast(
        self, spent: float, coming: Sequence[PointRun], between: float, stretch: float
    ) -> Forecast | None:
        """Return what the sweep takes in all; None while a kind of ``coming`` has not run.

        Args:
            spent: Seconds of processor time so far.
            coming: The runs that are left.
            between: Seconds of processor time for reading and writing between their calls.
            stretch: See ``Forecast``.
        """
        left = self.seconds(coming)
        if left is None:
            return None
        left += between
        return Forecast(
            spent + left / WIDEST, spent + left, spent + left * WIDEST, self.points, stretch
        )

    def _fitted(self) -> Floats:
        """Seconds per column, none negative; calls count by the root of what they took."""
        if self._rates is None:
            known = {kind for sums, _, once in self._rows if not once for kind in sums}
            rows = [row for row in self._rows if not row[2] or not row[0].keys() <= known]
            taken = np.array([seconds for _, seconds, _ in rows])
            columns = np.stack([self._row(sums) for sums, _, _ in rows])
            weights = 1 / np.sqrt(np.maximum(taken, 1e-4))
            sizes = np.maximum(np.abs(columns * weights[:, None]).max(axis=0), 1e-12)
            from scipy.optimize import nnls  # the command line opens without it

            rates, _ = nnls(
                columns * weights[:, None] / sizes, taken * weights, maxiter=50 * len(sizes)
            )
            self._rates = np.asarray(rates / sizes)
        return self._rates

    def _row(self, sums: dict[str, Floats]) -> Floats:
        none = np.zeros(_COLUMNS)
        return np.concatenate([sums.get(kind, none) for kind in self._kinds])

    def _sums(self, runs: Sequence[PointRun]) -> dict[str, Floats]:
        """By kind: made first, by what that takes too; subjects opened, runs, dense samples."""
        sums: dict[str, Floats] = {}
        for run in runs:
            depth = run.behind / self._macs
            own = sums.setdefault(run.kind, np.zeros(_COLUMNS))
            own += (
                run.first,
                run.first * depth,
                run.first * run.refit / _PRODUCTS,
                run.first * run.weights / _WEIGHTS,
                run.opens,
                1.0,
                run.samples * depth + run.walked / self._macs,
            )
        return sums
