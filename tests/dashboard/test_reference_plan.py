"""One saved plan is the study's reference, for everybody: others are told against it."""

from pathlib import Path

import pytest

from prunescope.curves.curve import curves
from prunescope.curves.dense import dense_score
from prunescope.dashboard.views.plan import head_line
from prunescope.errors import UnknownName
from prunescope.planning.against_reference import against_reference
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.store.packed_study import pack, unpack
from prunescope.store.reference_plan import pin, reference_name
from prunescope.study.plan import Choice, Plan
from prunescope.text.scores import words_of
from prunescope.text.units import percent
from tests.dashboard.conftest import Digits, both
from tests.dashboard.page import Open, shared, texts


def saved(study: StudyFolder, name: str, **sparsities: float) -> Plan:
    choices = {subject: Choice("magnitude", value) for subject, value in sparsities.items()}
    plan = Plan(name, study.manifest.fingerprint, choices)
    study.save_plan(plan)
    return plan


def test_it_is_kept_in_the_study_and_gone_with_its_plan(study: StudyFolder, tmp_path: Path) -> None:
    plans = study.saved_plans
    saved(study, "a", fc1=0.5)
    assert reference_name(plans) is None
    with pytest.raises(UnknownName, match="Choose from: a"):
        pin(plans, "b")
    pin(plans, "a")
    assert reference_name(plans) == "a"
    assert plans.names() == ("a",)  # what pins it is no plan
    pack(study, tmp_path / "packed.zip")
    assert reference_name(unpack(tmp_path / "packed.zip", tmp_path / "u").saved_plans) == "a"
    plans.throw_away("a")
    assert reference_name(plans) is None
    plans.take_back("a")
    assert reference_name(plans) == "a"
    pin(plans, None)
    assert reference_name(plans) is None


def test_measured_is_compared_with_measured_and_else_both_are_predicted(
    study: StudyFolder, digits: Digits
) -> None:
    known, measured = StudyKnowledge.of(study), both(study.manifest, 0.6)
    other = saved(study, "other", fc1=0.3)
    words, known_curves = words_of(study.manifest), curves(study.measured(), study.manifest)

    def of(plan: Plan, reference: Plan) -> str:
        return against_reference(
            study.manifest, known_curves, known.predicted, known.measured, plan, reference
        ).words(words)

    drops = [known.predicted(plan).drop for plan in (other, measured)]
    assert drops[0] is not None
    assert drops[1] is not None
    macs = [preview(study.manifest, plan, known_curves).macs for plan in (other, measured)]
    change = percent(macs[0] / macs[1] - 1, sign=True)
    assert of(other, measured) == f"{words.gained(drops[1] - drops[0])} predicted, {change} MACs"
    study.verifications.append([digits.verification(other)])
    known = StudyKnowledge.of(study)
    rows = study.verified().set_index("digest")
    scores = [rows.loc[plan.digest, "score_sum"] / len(digits.y) for plan in (other, measured)]
    apart = against_reference(
        study.manifest, known_curves, known.predicted, known.measured, other, measured
    ).interval
    assert apart is not None
    assert apart.low < scores[0] - scores[1] < apart.high
    gained = f"{words.gained(scores[0] - scores[1])} ({words.gain_span(apart)})"
    assert of(other, measured) == f"{gained} measured, {change} MACs"
    assert of(other, other) == "the same"
    assert dense_score(study.manifest, known_curves, "none") > scores[1]


def test_pages_pin_it_and_tell_the_others_against_it(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    for place in range(7):
        saved(study, f"plan {place}", fc1=0.1 * (place + 1))
    at = open_page(studies, "plans")
    assert "Against the reference" not in at.dataframe[0].value
    assert "plan 6" not in at.multiselect(key="compared plans").value
    at.selectbox(key="reference plan").set_value("plan 6").run()
    assert reference_name(study.saved_plans) == "plan 6"
    said = at.dataframe[0].value.set_index("Plan")["Against the reference"]
    assert said["plan 0"].endswith("predicted, 0.0 % MACs")

    at = open_page(studies, "study", plan=shared(study, fc2=0.5))
    at.button(key="compare with reference").click().run()
    assert at.multiselect(key="compared plans").value[:2] == ["(draft)", "plan 6"]
    said = at.dataframe[0].value.set_index("Plan")["Against the reference"]
    assert said["plan 6"] == "is the reference"
    assert not at.exception

    pin(study.saved_plans, None)  # somebody else
    at.run()
    assert at.selectbox(key="reference plan").value == "(none)"
    assert "Against the reference" not in at.dataframe[0].value


def test_the_line_of_the_draft_says_it(
    study: StudyFolder, studies: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(study, "ours", fc1=0.5)
    lines: list[str] = []
    real = head_line.words_of_plan

    def seen(*given: object) -> object:
        line = real(*given)  # type: ignore[arg-type]
        lines.append(line.against)
        return line

    monkeypatch.setattr(head_line, "words_of_plan", seen)
    draft = shared(study, fc1=0.5)
    assert not open_page(studies, "plan", plan=draft).exception
    pin(study.saved_plans, "ours")
    assert not open_page(studies, "plan", plan=draft).exception
    assert "ours" not in texts(open_page(studies, "study"))
    assert lines == ["", "Against the reference ours: the same"]
