"""What the page *Plan* says of a plan that was solved for is the engine's, and the store's."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator
from streamlit.testing.v1 import AppTest

from prunescope.latency.table.predict_time import plan_units
from prunescope.planning.explain import explain
from prunescope.planning.kl_ceiling import better_by_score
from prunescope.planning.pose_goal import pose, solve_posed
from prunescope.planning.solve import Goal, Solution, Target
from prunescope.store.folder import StudyFolder
from prunescope.study.network_size import shrunk
from prunescope.study.plan import Plan
from prunescope.study.removed_counts import removed_units
from tests.dashboard.page import Open, budget, draft
from tests.dashboard.page_texts import everywhere, left_over, plain, said
from tests.dashboard.plan_words import PlanTruth
from tests.dashboard.raw_store import Store

OBJECTIVES = {"divergence": "KL to the dense model", "drop": "Drop"}


@pytest.fixture(
    params=[
        pytest.param((60, True), id="60"),
        pytest.param((60, False), id="60-unverified"),
        pytest.param((22, True), id="22", marks=pytest.mark.long),
    ]
)
def solved(
    request: pytest.FixtureRequest, checked_once: Path, tmp_path: Path, open_page: Open
) -> tuple[AppTest, StudyFolder, int]:
    """The page with a budget on MACs, with verified plans and without."""
    percent, verified = request.param
    folder = Path(shutil.copytree(checked_once, tmp_path / "studies"))
    if not verified:
        shutil.rmtree(folder / "lenet5" / "verifications")
    at = budget(open_page(folder, "plan"), percent, "macs")
    assert not at.exception
    return at, StudyFolder.open(folder / "lenet5"), percent


def engine(study: StudyFolder, percent: int, recovery: str) -> Solution:
    """The engine's own answer to the same question."""
    posed = pose(study, Goal((Target("macs", percent / 100),), recovery=recovery))
    return better_by_score(posed, solve_posed(posed), solve_posed)[1]


def why(study: StudyFolder, percent: int, group: str) -> str:
    """The solver's own reason for what it removes of a group."""
    posed = pose(study, Goal((Target("macs", percent / 100),)))
    by_score, solution = better_by_score(posed, solve_posed(posed), solve_posed)
    reasons = explain(by_score.solver.problem, solution)
    return next(r.why for r in reasons if r.subject == group and r.grouped)


def score(study: StudyFolder, plan: Plan) -> float:
    """The predicted score of a plan; ``ls`` leaves the dense network as it is."""
    baseline, drop = study.manifest.baseline, PlanTruth(study, plan).predicted().drop
    assert baseline is not None
    assert drop is not None
    return baseline.score - drop


def added(study: StudyFolder, plan: Plan, column: str) -> float:
    """A damage added up over single groups, never falling between the stored points."""
    store, total = Store(study, study.measured()), 0.0
    for name, choice in plan.active().items():
        rows = store.frame[
            (store.frame["subject"] == name) & (store.frame["criterion"] == choice.criterion)
            & (store.frame["granularity"] == choice.granularity)
            & (store.frame["recovery"] == plan.recovery) & (store.frame["removed"] > 0)
        ].sort_values("sparsity")  # fmt: skip
        units = study.manifest.group(name).units
        real = removed_units(units, choice.sparsity) / units
        values = np.maximum.accumulate([0.0, *(rows[column] / rows["samples"])])
        places = [0.0, *(rows["removed"] / rows["total"])]
        if column == "drop_sum":
            total += float(np.interp(real, places, values))
        else:  # a KL grows with the square of the change
            total += float(PchipInterpolator(places, np.sqrt(values))(real)) ** 2
    return total


def expected(study: StudyFolder, percent: int, plan: Plan) -> list[str]:
    """The sentences on how good the plan is, and on what other recoveries come to."""
    own = engine(study, percent, "none")
    column = {"divergence": "divergence_sum", "drop": "drop_sum"}[own.objective]
    value = added(study, plan, column)
    macs = shrunk(study.manifest, plan_units(study.manifest, plan)).macs / study.manifest.macs
    amount = f"{100 * value:.2f} pt" if own.objective == "drop" else f"{value:.3g} nats"
    words = OBJECTIVES[own.objective]
    said = [
        f"MACs {100 * macs:.1f} % of {percent:.1f} %",
        f"{words} {amount}, added up over single layers",
        f"Proven: no plan of measured sparsities is better by added-up {words}"
        if own.exact
        else f"Within {100 * (own.gap or 0):.2g} % of the best plan of measured sparsities",
        *own.notes,
    ]
    if own.alternatives:
        count = len(own.alternatives)
        are = "plan is" if count == 1 else "plans are"
        said.append(f"{count} more {are} within 1 % of it")
    with_ls = score(study, engine(study, percent, "ls").plan)
    before = score(study, plan)
    if with_ls >= before + 0.01:
        said.append(
            f"Within the same budgets: without recovery {100 * before:.2f} % predicted, with ls "
            f"{100 * with_ls:.2f} % predicted; fine-tuned: measure it on the Recover page."
        )
    return said


def test_every_sentence_on_a_solved_plan_is_the_engines(
    solved: tuple[AppTest, StudyFolder, int],
) -> None:
    at, study, percent = solved
    plan = draft(at, study)
    assert plan.solved
    assert plan.digest == engine(study, percent, "none").plan.digest
    sentences = [*expected(study, percent, plan), *PlanTruth(study, plan).sentences()]
    sentences += [*PlanTruth(study, plan).layer("conv1"), why(study, percent, "conv1")]
    groups = len(study.manifest.removable())
    shown = f"{len(plan.active())} of {groups} shown groups are pruned, 0 locked."
    assert left_over(said(at), [*everywhere(study), *sentences, shown]) == []
    page = "\n".join(said(at))
    for sentence in sentences:
        assert plain(sentence) in page
