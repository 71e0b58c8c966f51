"""Every sentence of the page *Plan* is recomputed from the store and the engine, and equal.

In the states that a plan can be in: nothing verified, some plans, the plan itself, past what was
measured, solved for, and with another metric.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import Workbench, assemble
from prunescope.dashboard.shared.link import encode_plan
from prunescope.progress import Silent
from prunescope.sources.metrics import load_metric
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.study.plan import Choice, Plan
from prunescope.sweep.runner import sweep
from prunescope.sweep.verify_plan import verify_plan
from tests.dashboard.page import Open, draft
from tests.dashboard.page_texts import everywhere, left_over, metrics, said
from tests.dashboard.plan_words import PlanTruth

HALF = {"conv1": Choice("magnitude", 0.5), "fc1": Choice("magnitude", 0.9)}
FAR = {**HALF, "conv2": Choice("magnitude", 0.95)}
State = Callable[[Path, Workbench], tuple[StudyFolder, dict[str, Choice]]]


def some(folder: Path, bench: Workbench) -> tuple[StudyFolder, dict[str, Choice]]:
    """Five other plans were verified."""
    return StudyFolder.open(folder / "lenet5"), HALF


def nothing(folder: Path, bench: Workbench) -> tuple[StudyFolder, dict[str, Choice]]:
    """No plan was verified."""
    shutil.rmtree(folder / "lenet5" / "verifications")
    return StudyFolder.open(folder / "lenet5"), HALF


def one(folder: Path, bench: Workbench) -> tuple[StudyFolder, dict[str, Choice]]:
    """One other plan was verified."""
    study, _ = nothing(folder, bench)
    other = {**HALF, "conv2": Choice("magnitude", 0.5)}
    verify_plan(bench, study, Plan("other", study.manifest.fingerprint, other))
    return study, HALF


def itself(folder: Path, bench: Workbench) -> tuple[StudyFolder, dict[str, Choice]]:
    """The plan itself was verified, and five others."""
    study = StudyFolder.open(folder / "lenet5")
    verify_plan(bench, study, Plan("half", study.manifest.fingerprint, HALF))
    return study, HALF


def beyond(folder: Path, bench: Workbench) -> tuple[StudyFolder, dict[str, Choice]]:
    """A part is pruned past its last measured point."""
    return StudyFolder.open(folder / "lenet5"), FAR


def agreement(folder: Path, bench: Workbench) -> tuple[StudyFolder, dict[str, Choice]]:
    """The score is the share of samples that keep the dense network's class."""
    shutil.rmtree(folder / "lenet5")
    few = replace(bench.splits, validation=bench.splits.validation.picked(torch.arange(120)))
    own = assemble(
        replace(bench.manifest.reference, metric="agreement"), bench.network, few,
        load_metric("agreement", True),
    )  # fmt: skip
    study = StudyFolder.create(folder / "lenet5", own.manifest)
    grid = Grid((Method("magnitude"),), (0.5, 0.9), ("conv1", "fc1", "fc2"))
    sweep(own, study, grid, Silent())
    return StudyFolder.open(folder / "lenet5"), HALF


@pytest.fixture(params=[some, nothing, one, itself, beyond, agreement], ids=lambda s: s.__name__)
def state(
    request: pytest.FixtureRequest, checked_once: Path, tmp_path: Path, lenet5: Workbench,
    open_page: Open,
) -> tuple[AppTest, PlanTruth]:  # fmt: skip
    folder = Path(shutil.copytree(checked_once, tmp_path / "studies"))
    study, choices = request.param(folder, lenet5)
    plan = Plan("half", study.manifest.fingerprint, choices)
    at = open_page(folder, "plan", plan=encode_plan(plan, study.manifest))
    assert not at.exception
    return at, PlanTruth(study, plan)


def test_every_sentence_of_the_plan_page_is_the_stores(state: tuple[AppTest, PlanTruth]) -> None:
    at, truth = state
    manifest = truth.study.manifest
    layers = len(manifest.prunable())
    expected = [
        *everywhere(truth.study), *truth.sentences(),
        f"{len(truth.plan.active())} of {layers} shown layers are pruned, 0 locked.",
        *truth.layer("conv1"),
    ]  # fmt: skip
    assert left_over(said(at), expected) == []
    page = "\n".join(said(at))
    for sentence in (*truth.sentences(), *truth.layer("conv1")):
        assert sentence in page


def test_both_scores_are_the_stores(state: tuple[AppTest, PlanTruth]) -> None:
    at, truth = state
    found, shown = truth.predicted(), metrics(at)
    name, baseline = truth.study.manifest.reference.metric, truth.study.manifest.baseline
    assert baseline is not None
    assert found.drop is not None
    lost, label = found.drop, f"Predicted {name}"
    if found.missing:
        assert found.interval is not None
        lost, label = found.interval.low, f"Predicted {name}, at most"
    assert shown.pop(label) == (f"{100 * (baseline.score - lost):.2f} %", f"{-100 * lost:+.2f} pt")
    wanted = ("–", "")
    if truth.row is not None:
        drop = truth.row["drop_sum"] / truth.row["samples"]
        score = truth.row["score_sum"] / truth.row["samples"]
        wanted = (f"{100 * score:.2f} %", f"{-100 * drop:+.2f} pt")
    assert shown.pop(f"Measured {name}") == wanted
    assert shown == {}


def test_a_figure_that_nobody_recomputed_would_be_noticed(
    checked_once: Path, open_page: Open
) -> None:
    """The twin: the same page, held to another plan's sentences."""
    study = StudyFolder.open(checked_once / "lenet5")
    made = Plan("half", study.manifest.fingerprint, HALF)
    at = open_page(checked_once, "plan", plan=encode_plan(made, study.manifest))
    wrong = PlanTruth(study, made.setting({"conv1": Choice("magnitude", 0.3)}))
    assert len(left_over(said(at), [*everywhere(study), *wrong.sentences()])) >= 4
    assert draft(at, study).digest == made.digest
