"""A thousand workers and a million points: how many objects a store gets, and what reading costs.

Counted: each worker's pushes, by the sweep's own rule, over points whose times scatter as a sweep's
do; pages of a listing, at 1,000 names each. Measured here: reading parquet parts as the store has
them (the engine's columns, made-up values) at growing numbers of parts. A line through all but
the largest number predicts the largest; its miss there is the error that is printed beside what is
extrapolated. What a round trip to an object store takes depends on the store: it is a parameter,
and printed as one.

``python -m benchmarks.many_workers [--workers 1000] [--points 1000000] [--trip 0.05]``
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from prunescope.object_store.while_sweeping import LATEST, SHARE, SOONEST
from prunescope.store.measurements import Measurement
from prunescope.store.parquet_table import Table
from prunescope.store.table_file import encoded
from prunescope.study import MEASUREMENT_VERSION
from prunescope.study.point import KEY
from prunescope.text.durations import spoken
from prunescope.text.numbers import exact
from prunescope.text.units import bytes_, percent

_PAGE: Final = 1000
"""Names on one page of a listing."""
_AT_ONCE: Final = 16
"""Objects that are read at a time, as ``object_store.objects`` does."""
_SPREAD: Final = 0.8
"""Standard deviation of the logarithm of a point's seconds: early layers cost more than late."""
_COUNTS: Final = (100, 200, 400, 800, 1600)


@dataclass(frozen=True)
class Line:
    """Seconds as a straight line over a number of rows and parts.

    Attributes:
        start: Seconds for none.
        slope: Seconds for each.
        error: Relative miss at the largest count, which the line was not fitted to.
    """

    start: float
    slope: float
    error: float

    def at(self, count: int) -> float:
        """Return the seconds for ``count``."""
        return self.start + self.slope * count


def parts_of(workers: int, points: int, seconds: float, dice: np.random.Generator) -> list[int]:
    """Return how many parts each worker sends, by the rule of ``object_store.while_sweeping``.

    Args:
        workers: That share the points evenly.
        points: Of all.
        seconds: That a point takes on the mean.
        dice: Draws the points' times.
    """
    counts = []
    for _ in range(workers):
        own = dice.lognormal(0, _SPREAD, points // workers)
        ends = np.cumsum(own / own.mean() * seconds)
        sent, clock, count = 0, 0.0, 0
        while sent < len(ends):
            clock += min(max(clock / SHARE, SOONEST), LATEST)
            done = int(np.searchsorted(ends, clock, "right"))
            if clock >= ends[-1]:
                done = len(ends)
            count += done > sent
            sent = done
        counts.append(count)
    return counts


def rows(first: int, count: int) -> list[Measurement]:
    """Return rows of different points, as wide as the engine's for a network of ten classes."""
    return [
        Measurement(
            fingerprint="6042abf97401ca0c", version=MEASUREMENT_VERSION,
            subject=f"layer{number % 997}.{number % 7}.conv{number % 3}", criterion="magnitude",
            granularity="weight", sparsity=number / 1e7, recovery="none", seed=0, removed=number,
            total=4_608, compressed_bytes=3_000 + number % 911, samples=6_000, population=6_000,
            score_sum=5_000.0 - number % 613, drop_sum=number % 613, drop_squares=number % 613,
            entropy_sum=0.1 * (number % 331), entropy_squares=0.01 * (number % 331),
            divergence_sum=0.2 * (number % 127), divergence_squares=0.03 * (number % 127),
            agreements=6_000 - number % 613, nonfinite=0,
            class_correct=tuple(600 - (number + place) % 61 for place in range(10)),
        )
        for number in range(first, first + count)
    ]  # fmt: skip


def read_seconds(place: Path, parts: int, each: int) -> tuple[float, float, int]:
    """Return the seconds to read parts of ``each`` rows, to read them merged, and their bytes."""
    table = Table(place / f"{parts}", Measurement, KEY)
    table.folder.mkdir()
    for part in range(parts):
        plain = [asdict(row) for row in rows(part * each, each)]
        name, content = encoded(pa.Table.from_pylist(plain, table.schema))
        (table.folder / name).write_bytes(content)  # no flush to the disk for each of thousands
    size = sum(path.stat().st_size for path in table.folder.glob("*.parquet"))
    began = time.process_time()
    assert len(table.read()) == parts * each
    many = time.process_time() - began
    table.compact()
    began = time.process_time()
    assert len(table.read()) == parts * each
    return many, time.process_time() - began, size


def line_through(counts: Sequence[int], seconds: Sequence[float]) -> Line:
    """Return the line through all but the last, and how far it misses the last."""
    slope, start = np.polyfit(counts[:-1], seconds[:-1], 1)
    predicted = float(start + slope * counts[-1])
    return Line(float(start), float(slope), abs(predicted / seconds[-1] - 1))


def main() -> None:
    """Print what a store of many workers' parts is like."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--trip", type=float, default=0.05, help="seconds of one round trip")
    asked = parser.parse_args()
    dice = np.random.default_rng(0)
    print("| seconds a point | a worker's hours | parts a worker | objects | pages | listing |")
    print("|---|---|---|---|---|---|")
    totals = {}
    for seconds in (0.1, 1.0, 10.0, 60.0):
        counts = parts_of(asked.workers, asked.points, seconds, dice)
        totals[seconds] = sum(counts)
        pages = -(-totals[seconds] // _PAGE)
        print(
            f"| {seconds:g} | {seconds * asked.points / asked.workers / 3600:.3g} "
            f"| {np.mean(counts):.3g} | {exact(2 * totals[seconds])} | {exact(pages)} "
            f"| {spoken(pages * asked.trip)} |"
        )
    each = max(round(asked.points / totals[1.0]), 1)
    print(f"\nParts of {exact(each)} rows, as at 1 s a point:\n")
    print("| parts | rows | bytes | read as parts (s) | read merged (s) |\n|---|---|---|---|---|")
    many, merged, size = [], [], 0
    with tempfile.TemporaryDirectory(prefix="many-workers-") as made:
        for parts in _COUNTS:
            first, second, size = read_seconds(Path(made), parts, each)
            many.append(first)
            merged.append(second)
            print(
                f"| {exact(parts)} | {exact(parts * each)} | {bytes_(size)} "
                f"| {first:.3g} | {second:.3g} |", flush=True,
            )  # fmt: skip
    by_part = line_through(_COUNTS, many)
    by_row = line_through([count * each for count in _COUNTS], merged)
    objects = totals[1.0]
    trips = objects * asked.trip / _AT_ONCE
    print(
        f"\nExtrapolated to {exact(objects)} parts of measurements "
        f"({bytes_(round(size / _COUNTS[-1] * objects))}): reading them takes "
        f"{spoken(by_part.at(objects))} of processor time (error {percent(by_part.error)} at "
        f"{exact(_COUNTS[-1])} parts) and {spoken(trips)} of waiting at {asked.trip:g} s a trip, "
        f"{_AT_ONCE} at a time. Merged into one: {spoken(max(by_row.at(asked.points), 0.0))} "
        f"(error {percent(by_row.error)}), one trip.\n"
    )
    for readers in (1, 10, asked.workers):
        print(
            f"* {exact(readers)} that go on with it read {exact(readers * objects)} objects; "
            f"{exact(objects + readers)} where it is merged first."
        )


if __name__ == "__main__":
    main()
