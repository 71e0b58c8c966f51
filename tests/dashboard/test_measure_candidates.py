"""The best few plans are measured by a job; the best becomes the draft, or is offered."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import MakePlan
from prunescope.dashboard.views.plan.other_plans import MEASURE
from prunescope.jobs import Job
from prunescope.jobs.records import END, JOB, EndRecord, EndState, JobRecord
from prunescope.planning.pose_goal import pose, solve_posed
from prunescope.planning.prediction import PredictedEffects
from prunescope.planning.search import (
    MEASURED_CANDIDATES,
    MeasuredBest,
    MeasuredCandidates,
    improve_by_measuring,
)
from prunescope.planning.solve import Goal, Target
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study.plan import Choice, Plan
from tests.dashboard.conftest import Digits
from tests.dashboard.page import (
    Open,
    budget,
    draft,
    kept,
    metric,
    own,
    run_menu,
    set_draft,
    texts,
)

Started = list[MakePlan]


@pytest.fixture
def at(studies: Path, open_page: Open) -> AppTest:
    return open_page(studies, "plan")


@pytest.fixture
def started(study: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> Started:
    """What a press begins: the job's folder is there, and its process is yet to come."""
    found: Started = []

    def start(folder: Path, request: MakePlan) -> Job:
        found.append(request)
        return waiting(study, request.arguments(study.folder), len(found))

    monkeypatch.setattr("prunescope.dashboard.views.plan.measure_candidates.start", start)
    return found


def waiting(study: StudyFolder, arguments: list[str], number: int = 1) -> Job:
    folder = study.folder / "jobs" / f"{number:04d}-plan"
    write_document(folder / JOB, JobRecord(tuple(arguments), time.time()))
    return Job(folder, folder.name, "plan", tuple(arguments), time.time())


def end(study: StudyFolder, state: EndState, error: str | None = None, number: int = 1) -> None:
    folder = study.folder / "jobs" / f"{number:04d}-plan"
    write_document(folder / END, EndRecord(state, time.time(), error))


def measure(
    study: StudyFolder, digits: Digits, limit: float, count: int = 4
) -> tuple[MeasuredBest, ...]:
    """Do what the job does, with the perceptron that prunes itself; its result lies in the job."""

    def measured(plan: Plan) -> Mapping[str, float]:
        row = digits.verification(plan)
        study.verifications.append([row])
        return PredictedEffects.measured(asdict(row), None).damages

    posed = pose(study, Goal((Target("parameters", limit),)))
    solution, tried = improve_by_measuring(posed, solve_posed(posed), measured, count, seconds=1.0)
    write_document(
        study.folder / "jobs" / "0001-plan" / MEASURED_CANDIDATES,
        MeasuredCandidates(solution.objective, tried),
    )
    return tried


def test_a_press_begins_a_job_for_just_what_is_asked(
    at: AppTest, study: StudyFolder, started: Started
) -> None:
    lock = Choice("magnitude", 0.3, locked=True)
    set_draft(at, study, draft(at, study).setting({"fc3": lock}))
    budget(at, 50)
    at.multiselect(key=own(study, "bounded")).set_value(["fc1"]).run()
    at.slider(key=own(study, "bound fc1")).set_value((10, 80)).run()
    at.number_input(key="goal tries").set_value(5).run()
    before = draft(at, study)
    run_menu(at, MEASURE)
    assert not at.exception
    assert started == [
        MakePlan(
            target=("parameters=0.5",),
            lock=("fc3=magnitude:0.3",),
            bound=("fc1=0.1:0.8",),
            objective="divergence",
            verify=5,
            name="untitled",
        )
    ]
    assert draft(at, study) == before
    assert "being measured" in texts(at)


def test_the_best_measured_plan_becomes_the_draft_and_can_be_undone(
    at: AppTest, study: StudyFolder, started: Started, digits: Digits
) -> None:
    budget(at, 50)
    before = draft(at, study)
    run_menu(at, MEASURE)
    best, *others = measure(study, digits, 0.5)
    end(study, "done")
    at.run()
    assert not at.exception
    taken = draft(at, study)
    assert taken.digest == best.proposal.plan.digest
    assert kept(study, taken) <= 0.5
    (row,) = study.verified().query("digest == @taken.digest").to_dict("records")
    assert metric(at, "Measured top-1") == f"{100 * row['score_sum'] / row['samples']:.2f} %"
    assert best.objective == min(each.objective for each in (best, *others))
    said = texts(at)
    assert f"{100 * best.objective:.2f} pt, the least of 4 plans" in said
    assert "being measured" not in said
    at.run()
    assert draft(at, study) == taken
    at.button(key="undo").click().run()
    assert draft(at, study).digest == before.digest


@pytest.mark.parametrize("moved", ["the plan", "the goal"])
def test_what_was_edited_meanwhile_stays_and_the_best_is_offered(
    moved: str, at: AppTest, study: StudyFolder, started: Started, digits: Digits
) -> None:
    budget(at, 50)
    run_menu(at, MEASURE)
    if moved == "the plan":
        set_draft(at, study, draft(at, study).setting({"fc1": Choice("magnitude", 0.35)}))
        at.run()
    else:
        at.selectbox(key="goal round").set_value(8).run()  # says nothing where weights leave
    mine = draft(at, study)
    best = measure(study, digits, 0.5)[0].proposal.plan
    end(study, "done")
    at.run()
    assert draft(at, study) == mine
    assert "Measured for Non-zero parameters 50 %, not opened" in texts(at)
    at.button(key="open settled").click().run()
    assert not at.exception
    assert draft(at, study).digest == best.digest
    assert "not opened" not in texts(at)


def test_an_offer_can_be_left(
    at: AppTest, study: StudyFolder, started: Started, digits: Digits
) -> None:
    budget(at, 50)
    run_menu(at, MEASURE)
    budget(at, 60)
    measure(study, digits, 0.5)
    end(study, "done")
    at.run()
    mine = draft(at, study)
    at.button(key="leave settled").click().run()
    assert "not opened" not in texts(at)
    assert draft(at, study) == mine


def test_what_another_session_measures_is_offered_here(
    study: StudyFolder, studies: Path, open_page: Open, digits: Digits
) -> None:
    waiting(study, ["plan", str(study.folder), "--verify", "4"])
    at = open_page(studies, "plan")
    assert "being measured" in texts(at)
    best = measure(study, digits, 0.5)[0].proposal.plan
    end(study, "done")
    at.run()
    assert draft(at, study).active() == {}
    assert "**Measured, not opened**" in texts(at)
    at.button(key="open settled").click().run()
    assert draft(at, study).digest == best.digest
    late = open_page(studies, "plan")  # what ended before is among the measured plans
    assert "not opened" not in texts(late)


def test_what_ended_while_nobody_was_here_is_offered_once(
    at: AppTest,
    studies: Path,
    study: StudyFolder,
    started: Started,
    digits: Digits,
    open_page: Open,
) -> None:
    waiting(study, ["plan", str(study.folder), "--verify", "4", "--target", "parameters=0.5"])
    best, *_ = measure(study, digits, 0.5)
    end(study, "done")
    at.run()
    assert not at.exception
    assert "Measured, not opened**, as nobody was here" in texts(at)
    at.button(key="open settled").click().run()
    assert draft(at, study).digest == best.proposal.plan.digest
    later = open_page(studies, "plan")
    assert "not opened" not in texts(later)
    assert [each for each in later.button if each.key == "open settled"] == []


def test_nothing_is_offered_of_a_job_whose_result_is_damaged(
    at: AppTest, study: StudyFolder, started: Started
) -> None:
    job = waiting(study, ["plan", str(study.folder), "--verify", "4"])
    (job.folder / MEASURED_CANDIDATES).write_text("{")
    end(study, "done")
    at.run()
    assert not at.exception
    assert "not opened" not in texts(at)


def test_a_search_that_ends_in_an_error_says_so(
    at: AppTest, study: StudyFolder, started: Started
) -> None:
    budget(at, 50)
    run_menu(at, MEASURE)
    before = draft(at, study)
    end(study, "failed", "Expected the data to be there, but it is gone. Give it back.")
    at.run()
    assert "Expected the data to be there" in at.warning[0].value
    assert draft(at, study) == before
    run_menu(at, MEASURE)
    assert len(started) == 2
    assert not at.warning
    end(study, "cancelled", number=2)
    at.run()
    assert "being measured" not in texts(at)
    assert draft(at, study) == before


@pytest.mark.parametrize(("percent", "words"), [(100, "Move a budget first"), (1, "cannot")])
def test_what_cannot_be_asked_begins_nothing(
    percent: int, words: str, at: AppTest, started: Started
) -> None:
    budget(at, percent)
    run_menu(at, MEASURE)
    assert words in at.warning[0].value
    assert started == []


def test_nothing_else_moves_the_draft_meanwhile(
    at: AppTest, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticking: list[str] = []
    monkeypatch.setattr(
        "prunescope.dashboard.shared.polling.follow", lambda key, *_: ticking.append(key)
    )
    budget(at, 50)
    assert "goal rest" in ticking
    ticking.clear()
    run_menu(at, MEASURE)
    assert "goal rest" not in ticking
