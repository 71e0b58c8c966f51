"""Predict the time of any plan from smaller models that were timed. Torch-free.

A ``LatencyTable`` holds the rows of one setting (machine, device, runtime, dtype, batch, threads);
``tables`` gives a study's, ``predict_latency`` answers for a plan in well under a millisecond
once the table's model is fitted.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from prunescope.arrays import Floats
from prunescope.commands import next_steps
from prunescope.errors import ForeignStudy
from prunescope.latency.machine import machine
from prunescope.latency.runtimes.registry import runtime_titled, runtime_titles
from prunescope.latency.runtimes.runtime import VECTORS
from prunescope.latency.table.choose_models import is_aligned
from prunescope.latency.table.features import features_of
from prunescope.latency.table.fit import FEWEST, Fitted, fit
from prunescope.latency.table.rows import PROCESSOR, graph_digest, stored_rows, units_of, units_text
from prunescope.latency.table.tensor_sizes import shapes_of
from prunescope.statistics.tolerance import limit
from prunescope.study import Manifest
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan
from prunescope.study.removed_counts import units_removed
from prunescope.text.numbers import counted
from prunescope.text.units import percent

_SETTING: Final = ("machine", "runtime", "version", "dtype", "batch", "threads", "device")


@dataclass(frozen=True)
class Setting:
    """Under which conditions a table was measured."""

    machine: str
    runtime: str
    version: str
    dtype: str
    batch: int
    threads: int
    device: str = PROCESSOR

    @property
    def elsewhere(self) -> bool:
        """Whether another machine than this one measured it."""
        return self.machine != machine()

    def __str__(self) -> str:
        threads = counted(self.threads, "thread")
        device = "" if self.device == PROCESSOR else f"{self.device} of "
        return (
            f"{self.runtime} {self.version}, batch {self.batch}, {threads}, {self.dtype}, "
            f"on {device}{self.machine}"
        )


@dataclass(frozen=True)
class LatencyPrediction:
    """The time of one forward pass of one batch without some units.

    Attributes:
        setting: Where and how the table was measured; another machine's times are its own.
        seconds: Of the smaller model.
        low: Lower end of the interval: 95 % when measured; when not, where nine plans in ten
            end, with the sureness of ``prunescope.statistics.tolerance``.
        high: Upper end.
        dense_seconds: Of the dense model.
        error: Median of the relative errors on held-out combinations; None before nine of them
            are timed, and then there is no interval either (``low`` and ``high`` are NaN).
        macs_error: The same for time in proportion to multiply-accumulates.
        combinations: How many combinations the errors come from.
        measured: Whether just these units' removal was timed: then it is no prediction.
    """

    setting: Setting
    seconds: float
    low: float
    high: float
    dense_seconds: float
    error: float | None
    macs_error: float | None
    combinations: int
    measured: bool

    @property
    def ratio(self) -> float:
        """Time divided by the dense time; below 1 is faster."""
        return self.seconds / self.dense_seconds

    def __str__(self) -> str:
        """Say the time, what it is worth, and on which machine."""
        told = f"{1e3 * self.seconds:.3g} ms, {1 / self.ratio:.2f}× the dense speed"
        if self.measured:
            return f"{told}, measured: {self.setting}."
        if self.error is None or self.macs_error is None:
            return f"{told}, predicted from too few timed models to say how well: {self.setting}."
        return (
            f"{told}, predicted ({1e3 * self.low:.3g} to {1e3 * self.high:.3g} ms; median error "
            f"{percent(self.error)} on {self.combinations} held-out models, "
            f"{percent(self.macs_error, 0)} in proportion to MACs): {self.setting}."
        )


@dataclass(frozen=True, eq=False)
class LatencyTable:
    """Smaller models of one graph that were timed in one setting.

    Attributes:
        graph: As from ``graph_digest``.
        setting: Where and how.
        rows: Columns of ``LatencyRow``.
    """

    graph: str
    setting: Setting
    rows: pd.DataFrame
    _fitted: dict[str, Fitted] = field(default_factory=dict, repr=False)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {text: at for at, text in enumerate(self.rows["units"])}

    @cached_property
    def dense_seconds(self) -> float:
        """Median over the rows of the dense model's time, each of its fast rounds."""
        return float(self.rows["dense_seconds"].median())

    def measured(self, units: Mapping[str, int]) -> "pd.Series[float] | None":
        """Return the row of just this removal, or None."""
        place = self._places.get(units_text(units))
        return None if place is None else self.rows.iloc[place]

    def model(self, manifest: Manifest) -> Fitted:
        """Return the model of time, fitted on the first call.

        Raises:
            ForeignStudy: The table is of another graph or of other shapes.
        """
        self.require(manifest)
        if self.graph not in self._fitted:
            shapes = shapes_of(manifest)
            plans = [units_of(text) for text in self.rows["units"]]
            groups = {group.name: group.units for group in manifest.removable()}
            combined = np.array([len(plan) > 1 for plan in plans], bool)
            runtime = runtime_titled(self.setting.runtime)
            widths = runtime.widths if runtime else VECTORS
            easy = np.array([is_aligned(groups, plan, widths) for plan in plans], bool)
            hard = combined & ~easy
            self._fitted[self.graph] = fit(
                features_of(shapes, self.setting.batch),
                shapes.removed(plans),
                self.rows["ratio"].to_numpy(float),
                hard if hard.sum() >= FEWEST else combined,
                self.rows["dense_seconds"].to_numpy(float),
            )
        return self._fitted[self.graph]

    @cached_property
    def timed_groups(self) -> tuple[str, ...]:
        """Groups of which single steps were timed, in the order of their names."""
        alone = [units_of(text) for text in self.rows["units"]]
        return tuple(sorted({next(iter(units)) for units in alone if len(units) == 1}))

    def error(self, manifest: Manifest) -> float | None:
        """Return the median relative error on held-out combinations; None with too few."""
        return _median(self.model(manifest).errors)

    def macs_error(self, manifest: Manifest) -> float | None:
        """Return the same for time in proportion to multiply-accumulates."""
        fitted = self.model(manifest)
        return _median(fitted.macs_errors) if len(fitted.errors) else None

    def require(self, manifest: Manifest) -> None:
        """Raise ``ForeignStudy`` unless the table is of the manifest's graph and shapes."""
        if self.graph != graph_digest(manifest):
            raise ForeignStudy(
                f"Expected a latency table of {manifest.reference.model}'s graph and tensor "
                "shapes, but it was measured on another network. Measure this one: "
                f"{next_steps.time_network()}."
            )


def tables(study: Path, manifest: Manifest) -> tuple[LatencyTable, ...]:
    """Return the tables that the folder ``study`` holds for ``manifest``'s graph.

    This machine's before another's, then by runtime as runtimes are listed, then the ones with most
    rows.
    """
    frame = stored_rows(study).read()
    graph = graph_digest(manifest)
    return tables_in(frame[frame["graph"] == graph], graph)


def tables_in(frame: pd.DataFrame, graph: str) -> tuple[LatencyTable, ...]:
    """Return one table for each setting in ``frame``."""
    found = []
    for key, rows in frame.groupby(list(_SETTING), sort=True):
        where, runtime, version, dtype, batch, threads, device = map(str, key)
        setting = Setting(where, runtime, version, dtype, int(batch), int(threads), device)
        found.append(LatencyTable(graph, setting, rows.reset_index(drop=True)))
    return tuple(sorted(found, key=_place))


def predict_latency(
    manifest: Manifest, table: LatencyTable, units: Mapping[str, int]
) -> LatencyPrediction:
    """Return the time of the network without ``units``, in the table's setting.

    A removal that was timed itself is answered with its measurement. Masks of weights change
    nothing in a dense runtime: leave them out, they are 1.0 times the dense time.

    Args:
        manifest: Of the dense network.
        table: Of the same graph.
        units: Group name → units removed, as in ``Preview.units``.

    Raises:
        ForeignStudy: The table is of another graph.
        BadValue: A group that does not exist, or a count that is not possible.
    """
    fitted = table.model(manifest)
    removed = fitted.features.shapes.removed([units])
    dense = table.dense_seconds
    known = table.measured(units)
    off = fitted.errors
    if not removed.any():
        ratio, low, high = 1.0, 1.0, 1.0
    elif known is not None:
        ratio, low, high = (float(known[name]) for name in ("ratio", "low", "high"))
    else:
        ratio = float(fitted.ratios(removed)[0])
        room = _room(off)
        low, high = ratio / (1 + room), ratio * (1 + room)
    return LatencyPrediction(
        table.setting, ratio * dense, low * dense, high * dense, dense,
        table.error(manifest), table.macs_error(manifest), len(off),
        known is not None or not removed.any(),
    )  # fmt: skip


def plan_units(manifest: Manifest, plan: Plan) -> dict[str, int]:
    """Return units removed by group; masks of weights remove none and change no time."""
    return {
        name: units_removed(manifest.group(name), choice.sparsity)
        for name, choice in plan.active().items()
        if choice.granularity in UNITS
    }


def predict_many(manifest: Manifest, table: LatencyTable, removed: Floats) -> Floats:
    """Return predicted time divided by the dense time for many removals at once.

    Args:
        manifest: Of the dense network.
        table: Of the same graph.
        removed: ``(plans, groups)`` units removed, groups in the manifest's order.
    """
    return table.model(manifest).ratios(np.asarray(removed, float))


def _place(table: LatencyTable) -> tuple[bool, int, int]:
    setting = table.setting
    known = runtime_titles()  # an uninstalled one's tables stay, after the others
    place = known.index(setting.runtime) if setting.runtime in known else len(known)
    return setting.elsewhere, place, -len(table.rows)


def _median(errors: Floats) -> float | None:
    return float(np.median(np.abs(errors))) if len(errors) else None


def _room(errors: Floats) -> float:
    """The tolerance limit of the larger of over- and underestimation."""
    if len(errors) < FEWEST:
        return float("nan")
    sizes = np.maximum(errors, 1 / (1 + errors) - 1)
    return limit(list(map(float, sizes))) or 0.0
