"""What a study holds, read in Python. Torch-free."""

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from prunescope.api.frames import groups_frame, layers_frame
from prunescope.curves.means import measured_points
from prunescope.html_tables import table
from prunescope.statistics.paired import Interval
from prunescope.store.folder import StudyFolder
from prunescope.store.largest_sparsities import LargestSparsity
from prunescope.store.predicted_points import PredictedPoint
from prunescope.store.trust import require_vouched
from prunescope.study import Baseline, Manifest
from prunescope.study.soundness import concerns
from prunescope.text.cut import shortfall
from prunescope.text.numbers import exact
from prunescope.text.outputs import uncounted
from prunescope.text.scores import words_of
from prunescope.text.units import bytes_, count

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from prunescope.bench.workbench import Workbench


class StudyFacts:
    """The facts of a study in a folder; ``Study`` adds what can be done with them."""

    def __init__(
        self, stored: StudyFolder, bench: "Workbench | None" = None, device: str | None = None
    ) -> None:
        self._stored = stored
        self._device = device
        self._known_bench = bench

    @property
    def folder(self) -> Path:
        """Where the study is kept."""
        return self._stored.folder

    @property
    def manifest(self) -> Manifest:
        """All that is known of the model and the data."""
        return self._stored.manifest

    @property
    def baseline(self) -> Baseline | None:
        """The dense model on the validation split."""
        return self.manifest.baseline

    @property
    def layers(self) -> pd.DataFrame:
        """A row for each layer: kind, shape, costs, and why it cannot be pruned, if so."""
        return layers_frame(self.manifest)

    @property
    def groups(self) -> pd.DataFrame:
        """A row for each group of coupled layers: its units, and what one of them frees."""
        return groups_frame(self.manifest)

    @property
    def curves(self) -> pd.DataFrame:
        """A row for each measured point: subject, method, sparsity, score, drop, its interval.

        Scores and drops are fractions; ``low`` and ``high`` hold the drop with 95 %. See
        ``prunescope.curves.means.measured_points`` for all columns.
        """
        return measured_points(self._stored.measured(), self.manifest.scale)

    @property
    def largest(self) -> pd.DataFrame:
        """A row for each curve that was searched (modes ``find`` and ``certify``) and each limit.

        The columns are the fields of ``prunescope.store.largest_sparsities.LargestSparsity``.
        """
        names = [column.name for column in fields(LargestSparsity)]
        rows = [astuple(answer) for answer in self._stored.largest_sparsities()]
        return pd.DataFrame(rows, columns=names)

    @property
    def predicted(self) -> pd.DataFrame:
        """A row for each point that a first look (mode ``look``) predicts: drop, ``low``, ``high``.

        The columns are the fields of ``prunescope.store.predicted_points.PredictedPoint``.
        """
        names = [column.name for column in fields(PredictedPoint)]
        rows = [astuple(point) for point in self._stored.predictions()]
        return pd.DataFrame(rows, columns=names)

    @property
    def verified(self) -> pd.DataFrame:
        """A row for each plan that was really applied and measured, as the study stores them."""
        return self._stored.verified()

    @property
    def plans(self) -> tuple[str, ...]:
        """The names of the saved plans; each can be given wherever a plan is taken."""
        return self._stored.plans()

    def plot(
        self,
        subject: str,
        methods: Iterable[str] = (),
        scale: Literal["score", "drop", "entropy", "divergence"] = "score",
        limit: float | None = None,
        dark: bool = False,
    ) -> "go.Figure":
        """Return the curves of one layer or group as a Plotly figure.

        Args:
            subject: Of ``layers`` or ``groups``.
            methods: Which to draw; all measured ones by default.
            scale: What is drawn upwards.
            limit: Accepted drop, a fraction, drawn as a line.
            dark: Whether the page is dark.

        Raises:
            UnknownName: Nothing was measured of such a subject, or by such a method.
        """
        from prunescope.charts.subject_curves import subject_figure

        return subject_figure(
            self.manifest, self._stored.measured(), subject, methods, scale, limit, dark
        )

    def _bench(self) -> "Workbench":
        if self._known_bench is None:
            from prunescope.bench.workbench import prepare

            reference = require_vouched(self.manifest.reference, self.folder)
            bench = prepare(reference, self.folder, self._device)
            self._stored.require(bench.manifest)
            self._known_bench = bench
        return self._known_bench

    @contextlib.contextmanager
    def _bench_in_main_memory(self) -> "Iterator[Workbench]":
        """The bench while its network lies in main memory: for files, and to be timed there."""
        from prunescope.bench.placement import in_main_memory

        bench = self._bench()
        with in_main_memory(bench.network) as network:
            yield replace(bench, network=network)

    def __repr__(self) -> str:
        reference = self.manifest.reference
        return f"Study({str(self.folder)!r}: {reference.model} on {reference.data})"

    def _repr_html_(self) -> str:
        manifest, points = self.manifest, self.curves
        words = words_of(manifest)
        dense = self.baseline
        notes = [
            f"{count(manifest.parameters)} parameters, {bytes_(manifest.bytes)}, "
            f"{count(manifest.macs)} MACs per sample.",
            f"Dense {words.name}: {words.score(dense.score)} on "
            f"{exact(dense.samples)} validation samples." if dense else "",
            f"{exact(len(points))} points measured, {exact(len(self.verified))} plans verified, "
            f"{exact(len(self.plans))} plans saved.",
            shortfall(manifest),
            *(check.sentence for check in concerns(manifest.soundness)),
            uncounted(manifest.outputs, manifest.free_layers),
        ]  # fmt: skip
        rows = [
            (subject, ", ".join(dict.fromkeys(rows["method"])), len(rows),
             words.span(Interval(0.0, rows["drop"].min(), rows["drop"].max())))
            for subject, rows in points.groupby("subject", sort=False)
        ]  # fmt: skip
        columns = ("layer or group", "methods", "points", f"{words.loss_word}s")
        return table(repr(self), columns, rows, notes)
