"""What a report says, before it is put into any form. Torch-free."""

from collections.abc import Mapping
from dataclasses import dataclass

from prunescope.export.changed_samples import ChangedSamples
from prunescope.export.delivered import Delivered
from prunescope.export.export_report import ExportReport
from prunescope.latency.latency_report import LatencyReport
from prunescope.planning.explain import Reason
from prunescope.recovery.training.fine_tuning_report import FineTuned
from prunescope.recovery.training.fine_tuning_settings import Schedule
from prunescope.study import Manifest
from prunescope.study.plan import Plan


@dataclass(frozen=True)
class Quantity:
    """A number as it is shown.

    Attributes:
        value: In the row's unit.
        text: For people, interval included.
        low: Lower end of its 95 % interval, where it has one.
        high: Upper end.
    """

    value: float
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One thing, before and after.

    Attributes:
        name: What it is.
        unit: Of the numbers.
        values: Model (``dense``, ``pruned``, ``fine-tuned``, ``pruned + int8``, …) → number.
        how: How it is known: counted, measured, predicted.
    """

    name: str
    unit: str
    values: Mapping[str, Quantity]
    how: str


@dataclass(frozen=True)
class PlanReport:
    """A plan of a study, with all that is known of it.

    Attributes:
        title: Of the report.
        manifest: Of the study.
        plan: What is removed.
        rows: The table of before and after.
        expected: What was predicted of the plan, and how that compares, in sentences.
        reasons: Why each subject has its sparsity; empty where that cannot be said.
        no_reasons: Why not, then.
        tuned: The plan's best fine-tuning, if any.
        schedules: All its fine-tunings, by schedule.
        delivered: Every measured way to deliver it, with whatever recovery.
        latency: The plan's timing, if any.
        exports: Its exports, pruned and fine-tuned.
        changed: Samples with another answer, if anybody looked.
        missing: What is not measured, each with the command that does.
        provenance: What → how it was, for the last part.
        licences: Sentences.
        made: When, in UTC.
    """

    title: str
    manifest: Manifest
    plan: Plan
    rows: tuple[Row, ...]
    expected: tuple[str, ...]
    reasons: tuple[Reason, ...]
    no_reasons: str
    tuned: FineTuned | None
    schedules: Mapping[Schedule, FineTuned]
    delivered: tuple[Delivered, ...]
    latency: LatencyReport | None
    exports: tuple[ExportReport, ...]
    changed: ChangedSamples | None
    missing: tuple[str, ...]
    provenance: Mapping[str, str]
    licences: tuple[str, ...]
    made: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The models that any row has a number of, the dense one first."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.values))
