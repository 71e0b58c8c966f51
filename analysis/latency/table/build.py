"""Time smaller models of one network until a budget is spent: the rows of its latency table."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch

from prunescope.bench.computing_threads import computing_threads
from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotCapture
from prunescope.latency.interleaved_timing import race
from prunescope.latency.runtimes.registry import usual_runtimes
from prunescope.latency.runtimes.runtime import Call, Runtime, VectorWidths
from prunescope.latency.table.choose_models import TimingProposal, proposals, steepest
from prunescope.latency.table.rows import LatencyRow, stored_rows, units_of, units_text
from prunescope.latency.table.smaller_models import Maker
from prunescope.progress import Progress, Silent
from prunescope.store.folder import StudyFolder
from prunescope.store.parquet_table import Table
from prunescope.study import Manifest
from prunescope.study.bounds import require_timing
from prunescope.study.network_size import frees

STEPS: Final = 100
_AT_ONCE: Final = 5
_SECONDS: Final = 0.4
"""For the rounds of one model."""
FEWEST: Final = 7
_MOST: Final = 60


@dataclass(frozen=True)
class Built:
    """What one run added.

    Attributes:
        rows: Newly timed models, by runtime.
        problems: Why a runtime was not timed, in sentences.
        seconds: Spent.
    """

    rows: dict[str, int]
    problems: tuple[str, ...]
    seconds: float


def time_table(
    bench: Workbench,
    table: Table,
    batch: int = 1,
    threads: int = 1,
    budget_seconds: float = 120.0,
    progress: Progress | None = None,
    seed: int = 0,
    chosen: Sequence[Runtime] = (),
) -> Built:
    """Time smaller models in every runtime until the budget is spent, and append their rows.

    Models that the table already holds for this machine, batch and threads are not timed again,
    so a second run goes on where the first stopped.

    Args:
        bench: The network; not modified.
        table: As from ``stored_rows``; rows are appended as they come.
        batch: Samples per forward pass, 1 or more.
        threads: That a runtime may use, 1 or more.
        budget_seconds: Time to spend, divided by the runtimes' ``effort``; compiling the dense
            model comes on top.
        progress: Told 100 steps; asked between rounds whether to stop.
        seed: Of the draws over all groups.
        chosen: The runtimes; the usual ones by default.

    Raises:
        BadValue: Batch, threads or budget are out of range.
        CannotCapture: The model has no graph, so nothing can be removed.
        Cancelled: Somebody asked to stop; finished rows are kept.
    """
    require_timing(batch, threads, budget_seconds)
    if bench.network.captured is None:
        raise CannotCapture(
            f"Expected a captured model to time smaller ones of, but {bench.network.problem}"
        )
    told = _Told(progress or Silent(), budget_seconds)
    maker = Maker(bench.network.captured, bench, batch, threads)
    counts: dict[str, int] = {}
    problems = []
    timed = tuple(chosen) or usual_runtimes()
    effort = sum(runtime.effort for runtime in timed)
    for runtime in timed:
        seconds = runtime.effort / effort * budget_seconds
        try:
            counts[runtime.title] = _timed(maker, table, runtime, seconds, told, seed)
        except CannotCapture as error:
            problems.append(f"{runtime.title}: not timed. {error}")
    told.finish()
    return Built(counts, tuple(problems), time.perf_counter() - told.start)


def time_study(
    bench: Workbench,
    study: StudyFolder,
    batch: int,
    threads: int,
    budget_seconds: float,
    progress: Progress,
    chosen: Sequence[Runtime] = (),
) -> Built:
    """Time smaller models of a study's network, as ``time_table`` does, into its own table.

    The graph is stored in the manifest of a study that is older than stored graphs, as predictions
    read it there.
    """
    study.require(bench.manifest)
    if study.manifest.graph is None:
        study.update(bench.manifest)
    rows = stored_rows(study.folder)
    return time_table(bench, rows, batch, threads, budget_seconds, progress, chosen=chosen)


class _StopsOnly(Silent):
    """Passes on the question whether to stop, and no steps: the bar goes by the clock."""

    def __init__(self, progress: Progress) -> None:
        self.cancelled = progress.cancelled  # type: ignore[method-assign]


class _Told:
    """Progress by the clock: a budget of seconds is a bar of 100 steps."""

    def __init__(self, progress: Progress, budget: float) -> None:
        self.progress, self._budget = progress, budget
        self.start = time.perf_counter()
        self._told = 0
        progress.start(STEPS, "timing smaller models")

    def say(self, message: str) -> None:
        now = min(int(STEPS * (time.perf_counter() - self.start) / self._budget), STEPS)
        if now > self._told:
            self.progress.advance(now - self._told, message)
            self._told = now

    def finish(self) -> None:
        if self._told < STEPS:
            self.progress.advance(STEPS - self._told, "done")


def timed_rows(
    maker: Maker,
    runtime: Runtime,
    dense: Call,
    wanted: Sequence[TimingProposal],
    progress: Progress,
) -> list[LatencyRow]:
    """Return one row per model of ``wanted``, all timed in the same rounds as ``dense``."""
    calls = [maker.call(runtime, each.units) for each in wanted]
    blank = maker.row(runtime)
    with computing_threads(maker.threads), torch.inference_mode():
        timed = race(
            [dense, *calls], _SECONDS * (1 + len(calls)), _StopsOnly(progress), maker.threads,
            blank.device, FEWEST, _MOST,
        )  # fmt: skip
    rows = []
    for number, proposal in enumerate(wanted, start=1):
        ratio = timed.ratio(number, 0)
        rows.append(
            replace(
                blank, units=units_text(proposal.units), kind=proposal.kind,
                dense_seconds=timed.fast(0), ratio=ratio.value, low=ratio.low, high=ratio.high,
                samples=len(timed.seconds),
            )
        )  # fmt: skip
    return rows


def _timed(
    maker: Maker, table: Table, runtime: Runtime, seconds: float, told: _Told, seed: int
) -> int:
    compiler = maker.compiler(runtime)
    blank = maker.row(runtime)
    frame = table.read()
    for name in ("graph", "machine", "runtime", "version", "dtype", "batch", "threads", "device"):
        frame = frame[frame[name] == getattr(blank, name)]
    known = {str(text): float(ratio) for text, ratio in zip(frame["units"], frame["ratio"],
                                                           strict=True)}  # fmt: skip
    dense = maker.call(runtime, {})
    end = time.perf_counter() + seconds
    added = 0
    coming = _wanted(maker, known, seed, runtime.widths)
    control = [] if "{}" in known else [TimingProposal({}, "group")]
    while not added or time.perf_counter() < end:
        most = 2 if compiler.slow else _AT_ONCE  # an export takes longer than its timing
        batch = control + [each for each, _ in zip(coming, range(most), strict=False)]
        control = []
        if not batch:
            break
        rows = timed_rows(maker, runtime, dense, batch, told.progress)
        table.append(rows)
        known |= {row.units: row.ratio for row in rows}
        added += len(rows)
        told.say(f"{runtime.title}: {len(known)} models")
    return added


def _wanted(
    maker: Maker, known: dict[str, float], seed: int, widths: VectorWidths
) -> Iterator[TimingProposal]:
    """Yield what is not known yet; every fourth one looks into the steepest fall."""
    weight = {name: float(_saved(maker.manifest, name)) for name in maker.groups}
    coming = proposals(maker.groups, weight, seed, widths)
    asked: set[str] = set()
    tries = 0
    while tries < 50 * (len(maker.groups) + 1):
        tries += 1
        each = None
        if tries % 4 == 0 and len(known) > 3 * len(maker.groups):
            points = _staircases(maker.groups, known)
            each = steepest(points, {*known, *asked}, maker.groups, widths)
        each = each or next(coming, None)
        if each is None:
            return
        text = units_text(each.units)
        if text not in known and text not in asked and each.units:
            asked.add(text)
            yield each


def _staircases(
    groups: Mapping[str, int], known: Mapping[str, float]
) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {n: [(u, 1.0)] for n, u in groups.items()}
    for text, ratio in known.items():
        units = units_of(text)
        if len(units) == 1:
            (name, count), = units.items()  # fmt: skip
            found[name].append((groups[name] - count, ratio))
    return {name: points for name, points in found.items() if len(points) > 1}


def _saved(manifest: Manifest, name: str) -> int:
    """Multiply-accumulates that all but one unit free."""
    return frees(manifest, name, manifest.group(name).units - 1)[1]
