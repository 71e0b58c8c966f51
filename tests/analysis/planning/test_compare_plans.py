"""Plans beside each other say what predictions and measurements of each say."""

from dataclasses import replace
from pathlib import Path

import pytest

from prunescope.api.open_study import open_study
from prunescope.planning.compare_plans import compared, differences
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan


@pytest.fixture
def plans(residual_study: Path) -> tuple[Plan, Plan]:
    study = open_study(residual_study)
    one = study.solve(macs=0.8, around=False, name="most").plan
    other = study.solve(macs=0.6, around=False, name="half").plan
    return one, other


def test_each_has_its_size_prediction_and_measurement(
    residual_study: Path, plans: tuple[Plan, Plan]
) -> None:
    done = open_study(residual_study).verify(plans[0])
    folder = StudyFolder.open(residual_study)
    known = StudyKnowledge.of(folder)
    first, second = compared(known, plans)
    for row, plan in ((first, plans[0]), (second, plans[1])):
        size = preview(folder.manifest, plan, known.curves)
        assert row.macs == size.macs / folder.manifest.macs
        assert row.parameters == size.kept / size.parameters
        assert row.prediction == known.predicted(plan)
    assert first.validation is not None
    assert first.validation.drop == done.drop
    assert first.worst is not None
    recalls = [
        right / count
        for right, count in zip(
            folder.verified()["class_correct"].iloc[0],
            folder.manifest.baseline.class_samples,  # type: ignore[union-attr]
            strict=True,
        )
    ]
    assert first.worst.recall == min(recalls)
    assert (second.validation, second.worst, first.test) == (None, None, None)


def test_only_what_plans_treat_otherwise_differs(
    residual_study: Path, plans: tuple[Plan, Plan]
) -> None:
    manifest = StudyFolder.open(residual_study).manifest
    plan = plans[0]
    name, choice = next(iter(plan.active().items()))
    other = replace(plan, choices={**plan.choices, name: Choice(choice.criterion, 0.0)})
    (only,) = differences(manifest, (plan, other))
    assert only.subject == name
    assert only.choices == (plan.choices[name], None)
    assert only.words()[1] == "dense"
    locked = replace(plan, choices={n: replace(c, locked=True) for n, c in plan.choices.items()})
    assert differences(manifest, (plan, locked)) == ()
    assert [d.subject for d in differences(manifest, plans)] == [
        n for n in manifest_order(manifest) if plans[0].active().get(n) != plans[1].active().get(n)
    ]


def manifest_order(manifest) -> list[str]:
    layers = [layer.name for layer in manifest.prunable()]
    return list(dict.fromkeys([*layers, *(group.name for group in manifest.removable())]))
