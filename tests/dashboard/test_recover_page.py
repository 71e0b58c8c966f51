"""The page *Recover*: a simple form with the rest behind it, and both schedules side by side."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.commands import FineTune
from prunescope.recovery.training.fine_tuning_report import (
    RESULT,
    EvaluationSums,
    FineTuned,
    SideBySide,
    result_folder,
)
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.rounds import Round
from prunescope.recovery.training.training_curve import Reading
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.store.reference_plan import pin
from prunescope.study.plan import Plan
from tests.dashboard.conftest import both
from tests.dashboard.page import Open, metric, shared, texts

Started = list[FineTune]


@pytest.fixture
def saved(study: StudyFolder) -> Plan:
    plan = both(study.manifest, 0.6)
    study.save_plan(plan)
    return plan


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What the form starts, in place of starting it."""
    asked: Started = []
    monkeypatch.setattr(
        "prunescope.dashboard.views.recover.tuning_form.start",
        lambda study, request: asked.append(request),
    )
    return asked


def _tuned(study: StudyFolder, plan: Plan, score: float, rounds: int) -> FineTuned:
    """As a run would have stored it, of ``rounds`` rounds of 10 s and one epoch."""
    before = EvaluationSums(100, 70.0, 20.0, 20.0, None, None, -1, 0, ())
    after = replace(before, score_sum=100 * score, drop_sum=90 - 100 * score)
    sides = SideBySide(0.9, before, after, 100 * score - 70, 30.0)
    curve, done = [], []
    for number in range(1, rounds + 1):
        low, high = 0.7 + 0.01 * number, score if number == rounds else 0.8
        curve += [
            Reading(10 * number - 10, number - 1.0, 0.0, score=low, seconds=10 * number - 9.0),
            Reading(10 * number, float(number), 0.01, 1.0, high, 10.0 * number),
        ]
        done.append(
            Round(number, 900 - 100 * number, 0, low, high, 0.01, 1, 1, "finished", 10.0 * number,
                  10 * number)
        )  # fmt: skip
    result = FineTuned(
        plan, FineTuning(rate=0.01, rounds=rounds), tuple(curve), 1, "finished", sides, None, 300,
        1000, 10.0 * rounds, 1, "a" * 64, rounds=tuple(done) if rounds > 1 else (),
    )  # fmt: skip
    write_document(result_folder(study.folder, plan, result.schedule) / RESULT, result)
    return result


def _opened(open_page: Open, studies: Path, plan: Plan) -> AppTest:
    at = open_page(studies, "recover")
    at.selectbox(key="recover plan").set_value(plan.name).run()
    assert not at.exception
    return at


def test_at_once_and_in_rounds_are_shown_at_equal_time(
    study: StudyFolder, saved: Plan, studies: Path, open_page: Open
) -> None:
    _tuned(study, saved, 0.82, 1)
    at = _opened(open_page, studies, saved)
    assert metric(at, "Fine-tuned") == "82.00 %"
    assert "Rounds** · size" not in texts(at)
    _tuned(study, saved, 0.88, 3)
    at = _opened(open_page, studies, saved)
    assert metric(at, "Fine-tuned") == "88.00 %"  # the better one, which is exported
    said = texts(at)
    assert "**Rounds** · size and score of each" in said
    assert "Within 10 s of training: at once 82.00 %, in 3 rounds not there yet." in said
    (rounds,) = [each.value for each in at.table if "Tuned" in each.value]
    assert list(rounds["Parameters left"]) == ["800 (80.0 %)", "700 (70.0 %)", "600 (60.0 %)"]
    (pick,) = [each for each in at.get("button_group") if each.label == "Schedule"]
    pick.set_value("at once").run()
    assert metric(at, "Fine-tuned") == "82.00 %"


def test_the_usual_form_asks_for_nothing_unusual(
    saved: Plan, studies: Path, open_page: Open, started: Started
) -> None:
    at = _opened(open_page, studies, saved)
    _send(at)
    (request,) = started
    assert isinstance(request, FineTune)
    assert request == FineTune(request.plan)


def test_every_control_reaches_the_job(
    saved: Plan, studies: Path, open_page: Open, started: Started
) -> None:
    at = _opened(open_page, studies, saved)
    numbers = {
        "rounds": 3, "epochs": 12, "seconds": 60.0, "rate": 0.05, "momentum": 0.8, "decay": 0.01,
        "warmup": 0.1, "temperature": 2.0, "batch": 32, "accumulate": 2, "steps": 50, "ema": 0.99,
        "clip": 1.0, "patience": 4, "features": 1.5,
    }  # fmt: skip
    for name, value in numbers.items():
        at.number_input(key=f"ft {name}").set_value(value)
    at.slider(key="ft distillation").set_value(0.5)
    at.selectbox(key="ft augment").set_value("torchvision.transforms.v2:RandomHorizontalFlip")
    at.toggle(key="ft nesterov").set_value(True)
    at.toggle(key="ft resolve").set_value(True)
    at.selectbox(key="ft amp").set_value("bf16")
    at.text_input(key="ft options").set_value("dampening=0.0 foreach=false")
    _send(at)
    (request,) = started
    assert request == FineTune(
        request.plan, 12, 0.05, 32, 0.5, 2.0, None, 60.0, 3, True, None,
        "torchvision.transforms.v2:RandomHorizontalFlip", 50, None,
        ("dampening=0.0", "foreach=false"), 0.8, True, 0.01, 0.1, 0.99, 1.0, 2, "bf16", 4, 1.5,
    )  # fmt: skip


def test_what_cannot_be_is_said_before_a_job_starts(
    saved: Plan, studies: Path, open_page: Open, started: Started
) -> None:
    at = _opened(open_page, studies, saved)
    at.selectbox(key="ft optimizer").set_value("adamw")
    at.toggle(key="ft nesterov").set_value(True)
    _send(at)
    assert not started
    assert "Expected nesterov with sgd" in texts(at)


def _send(at: AppTest) -> None:
    (button,) = [each for each in at.button if each.label == "Fine-tune"]
    button.click().run()
    assert not at.exception


@pytest.mark.parametrize("page", ["recover", "export"])
def test_an_empty_draft_is_not_what_a_page_begins_with(
    study: StudyFolder, saved: Plan, studies: Path, open_page: Open, page: str
) -> None:
    other = replace(saved, name="other")
    study.save_plan(other)
    os.utime(study.saved_plans.folder / "other.json", (0, 0))  # saved long before
    assert open_page(studies, page).selectbox(key=f"{page} plan").value == saved.name
    pin(study.saved_plans, "other")
    at = open_page(studies, page)
    assert at.selectbox(key=f"{page} plan").value == "other"
    pin(study.saved_plans, None)
    (study.saved_plans.folder / "newest.json").write_text("{")
    at = open_page(studies, page)
    assert at.selectbox(key=f"{page} plan").value == "The draft on the Plan page"
    assert not at.error  # of a file that nobody asked for
    drafted = open_page(studies, page, plan=shared(study, fc2=0.5))
    assert drafted.selectbox(key=f"{page} plan").value == "The draft on the Plan page"
