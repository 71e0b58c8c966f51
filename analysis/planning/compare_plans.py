"""Plans beside each other: what each keeps, what is expected, measured, and where they differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunescope.curves.curve import subjects
from prunescope.planning.measured_plans import MeasuredPlan
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.planning.prediction.predict import Prediction
from prunescope.planning.preview import Preview, preview
from prunescope.study import Manifest
from prunescope.study.plan import Choice, Plan


@dataclass(frozen=True)
class WorstClass:
    """The class that a measured plan recognises least.

    Attributes:
        name: Of the class, or its number.
        recall: Of the pruned network, from 0 to 1.
        dense: Of the dense one, or None where it was never counted.
    """

    name: str
    recall: float
    dense: float | None


@dataclass(frozen=True)
class ComparedPlan:
    """One of several plans.

    Attributes:
        plan: The plan.
        size: What it keeps and costs.
        macs: Fraction of the dense network's multiply-accumulates that it keeps, None without any.
        parameters: Fraction of the parameters that stay and are not zeroed.
        prediction: What is expected of it.
        validation: What it did on the validation split, or None.
        test: What it did on the test split, or None.
        worst: The class it recognises least on the validation split, or None.
    """

    plan: Plan
    size: Preview
    macs: float | None
    parameters: float
    prediction: Prediction
    validation: MeasuredPlan | None
    test: MeasuredPlan | None
    worst: WorstClass | None


@dataclass(frozen=True)
class Difference:
    """A layer or group that plans treat otherwise.

    Attributes:
        subject: Its name.
        choices: Of each plan in their order, None where it stays dense.
    """

    subject: str
    choices: tuple[Choice | None, ...]

    def words(self) -> tuple[str, ...]:
        """Return each choice in a few characters.

        >>> Difference("fc", (None, Choice("l1", 0.5, "channel"))).words()
        ('dense', '50 % l1@channel')
        """
        return tuple(
            "dense" if c is None else f"{100 * c.sparsity:.4g} % {c.method}" for c in self.choices
        )


def compared(known: StudyKnowledge, plans: Sequence[Plan]) -> tuple[ComparedPlan, ...]:
    """Return what is known of each of ``plans``, all of one study."""
    manifest = known.study.manifest
    verified = known.study.verified()
    return tuple(_compared(known, manifest, verified, plan) for plan in plans)


def differences(manifest: Manifest, plans: Sequence[Plan]) -> tuple[Difference, ...]:
    """Return the layers and groups that ``plans`` do not all treat alike, in forward order."""
    active = [plan.active() for plan in plans]
    found = []
    for name in subjects(manifest):
        choices = tuple(choices.get(name) for choices in active)
        if len({c and (c.method, c.sparsity) for c in choices}) > 1:
            found.append(Difference(name, choices))
    return tuple(found)


def _compared(
    known: StudyKnowledge, manifest: Manifest, verified: pd.DataFrame, plan: Plan
) -> ComparedPlan:
    size = preview(manifest, plan, known.curves)
    rows = {
        str(row["split"]): row
        for row in verified[verified["digest"] == plan.digest].to_dict("records")
        if row["samples"] > 0
    }
    validation, test = rows.get("validation"), rows.get("test")
    return ComparedPlan(
        plan, size,
        size.macs / manifest.macs if manifest.macs else None,
        1 - size.sparsity,
        known.predicted(plan),
        None if validation is None else MeasuredPlan.of(validation, manifest.scale),
        None if test is None else MeasuredPlan.of(test, manifest.scale),
        None if validation is None else _worst(manifest, validation),
    )  # fmt: skip


def _worst(manifest: Manifest, row: dict[Any, Any]) -> WorstClass | None:
    counts = manifest.baseline.class_samples if manifest.baseline else ()
    right = tuple(row["class_correct"])
    if not counts or len(right) != len(counts) or not any(counts):
        return None
    recalls = {place: right[place] / count for place, count in enumerate(counts) if count}
    place = min(recalls, key=lambda each: (recalls[each], each))
    dense = manifest.baseline.class_correct if manifest.baseline else ()
    return WorstClass(
        manifest.classes[place] if place < len(manifest.classes) else str(place),
        recalls[place],
        dense[place] / counts[place] if len(dense) == len(counts) else None,
    )
