"""The rows of one study while several sweeps at once may write them: claims, reads, writes."""

import time
from collections.abc import Sequence
from typing import Final

from prunescope.bench.evaluate import Outcome
from prunescope.store.claims import Claims
from prunescope.store.folder import StudyFolder
from prunescope.store.logit_rows import MOST_SAMPLES
from prunescope.store.logits import Run
from prunescope.store.measurements import Measurement
from prunescope.store.parquet_table import rows_of
from prunescope.store.rows_of_study import own_rows
from prunescope.study.point import Key, Point

_OFTEN: Final = 0.25
_SELDOM: Final = 2.0
_SHARE: Final = 20.0
"""Results are written when a write takes at most a twentieth of the time since the last one, but at
least every two seconds and at most every quarter: a kill loses at most that much work."""
_LOOK: Final = 0.1
_PATIENCE: Final = 60.0
"""Seconds without a row of another sweep after which its claims hold nobody up any more: it may be
paused, or be on a machine that has lost the connection."""


class SharedRows:
    """What a sweep knows of its points, takes over from other sweeps, and has to write.

    A round is opened with the samples that its points have; a point is claimed before it is pruned,
    for as long as the round takes.
    """

    def __init__(self, study: StudyFolder, points: Sequence[Point]) -> None:
        """Read what ``study`` holds of ``points``."""
        self.measurements: dict[Point, Measurement] = {}
        """The samples so far, by point."""
        self.elsewhere: set[Point] = set()
        """Points of the round that other sweeps have claimed, or taken further."""
        self._study = study
        self._points = {point.key(study.manifest): point for point in points}
        self._claims = Claims(study.folder)
        self._start = 0
        self._impatient = False
        self._waiting: dict[Point, Measurement] = {}
        self._runs: list[Run] = []
        self._known: set[str] = set()
        self._changed = 0
        self._written = self._moved = time.monotonic()
        self._cost = 0.0
        self.read()

    def samples(self, point: Point) -> int:
        """Return how many samples ``point`` has been evaluated on."""
        row = self.measurements.get(point)
        return 0 if row is None else row.samples

    def open_round(self, start: int) -> None:
        """Begin a round of points that have ``start`` samples."""
        self._start, self.elsewhere = start, set()

    def close_round(self) -> None:
        """Write what the round gave, and give its claims back."""
        self.flush()
        self._claims.release()

    def claim(self, point: Point) -> bool:
        """Whether this sweep is to evaluate ``point`` now; the same all through a round."""
        if point in self.elsewhere:
            return False
        claimed = self._claims.take(point.key(self._study.manifest)) or self._impatient
        if claimed:  # who had it before may have written it
            self._look()
        if not claimed or self.samples(point) != self._start:
            self.elsewhere.add(point)
        return point not in self.elsewhere

    def wait(self) -> None:
        """Give other sweeps time for what they have claimed, as long as they get on with it."""
        time.sleep(_LOOK)
        self._look()
        self._impatient = time.monotonic() - self._moved > _PATIENCE

    def moved(self) -> None:
        """Note that a round was possible, so that other sweeps' claims are respected again."""
        self._impatient = False

    def add(self, point: Point, row: Measurement) -> None:
        """Add what ``row`` measured to what ``point`` has."""
        previous = self.measurements.get(point)
        self.measurements[point] = self._waiting[point] = (
            row if previous is None else previous.plus(row)
        )

    def add_logits(self, key: Key, start: int, outcome: Outcome) -> None:
        """Keep an outcome's log-probabilities on samples from ``start`` on, where it has any."""
        values = outcome.log_probabilities
        if values is None or len(values) != len(outcome.score) or start >= MOST_SAMPLES:
            return
        self._runs.append((key, start, values.numpy()))

    def flush_if_due(self) -> None:
        """Write waiting results once they have waited as long as a write is worth."""
        if time.monotonic() - self._written >= min(max(_OFTEN, _SHARE * self._cost), _SELDOM):
            self.flush()

    def flush(self) -> None:
        """Write waiting results; logits first, so that a row's samples always have logits."""
        began = time.monotonic()
        rows, runs = list(self._waiting.values()), self._runs
        self._waiting, self._runs = {}, []
        self._study.logits.extend(runs)
        written = self._study.measurements.append(rows)
        if written is not None:
            self._known.add(written.name)
            self._moved = time.monotonic()
        self._written = time.monotonic()
        self._cost = self._written - began

    def read(self) -> None:
        """Read the study's rows, from earlier sweeps or from another one that runs now."""
        self.flush()
        self._known, self._changed = set(), 0
        self._look()

    def close(self) -> None:
        """Write what waits, and give all claims back."""
        self.flush()
        self._claims.close()

    def compact(self) -> tuple[str, ...]:
        """Merge the study's files; return the names of those that are damaged."""
        measurements, logits = self._study.measurements, self._study.logits
        measurements.compact()
        logits.compact()
        return tuple(path.name for path in (*measurements.damaged(), *logits.damaged()))

    def _look(self) -> None:
        """Read what was written since the last look, unless it is this sweep's own."""
        folder = self._study.measurements.folder
        changed = folder.stat().st_mtime_ns if folder.is_dir() else 0
        if changed == self._changed:
            return
        self._changed = changed  # before reading: what comes later is seen the next time
        frame, names = self._study.measurements.read_new(self._known)
        self._known |= names
        frame = own_rows(frame, self._study.manifest)
        for row in rows_of(self._study.measurements, frame):
            point = self._points.get(row.key)
            if point is not None and _counts_more(row, self.measurements.get(point)):
                self.measurements[point] = row
                self._moved = time.monotonic()


def _counts_more(row: Measurement, known: Measurement | None) -> bool:
    """Whether ``row`` takes the place of ``known``, as in the table itself."""
    if known is None:
        return row.samples > 0
    return (row.repeated, row.samples) > (known.repeated, known.samples)
