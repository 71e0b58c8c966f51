"""The page Plans compares saved plans and the draft, and opens one."""

from pathlib import Path

from prunescope.planning.compare_plans import compared, differences
from prunescope.planning.pose_goal import StudyKnowledge
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.text.scores import words_of
from tests.dashboard.page import Open, draft, texts


def saved(study: StudyFolder, name: str, **sparsities: float) -> Plan:
    choices = {subject: Choice("magnitude", value) for subject, value in sparsities.items()}
    plan = Plan(name, study.manifest.fingerprint, choices)
    study.save_plan(plan)
    return plan


def test_without_a_plan_it_says_what_to_do(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plans")
    assert "prunescope plan" in at.info[0].value
    assert not at.dataframe


def test_saved_plans_stand_beside_each_other(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    plans = [saved(study, "little", fc1=0.3), saved(study, "more", fc1=0.5, fc2=0.5)]
    at = open_page(studies, "plans")
    table, where = at.dataframe[0].value, at.dataframe[1].value
    assert list(table["Plan"]) == ["little", "more"]
    words = words_of(study.manifest)
    rows = compared(StudyKnowledge.of(study), plans)
    for text, row in zip(table["Predicted"], rows, strict=True):
        assert row.prediction.drop is not None
        assert text.startswith(words.drop(row.prediction.drop))
    found = differences(study.manifest, plans)
    assert list(where["Layer or group"]) == [each.subject for each in found] == ["fc1", "fc2"]
    assert list(where["little"]) == ["30 % magnitude", "dense"]


def test_one_plan_alone_asks_for_another_and_a_damaged_one_is_named(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    saved(study, "little", fc1=0.3)
    (study.folder / "plans" / "torn.json").write_text("{")
    at = open_page(studies, "plans")
    assert not at.exception
    assert "torn" in at.warning[0].value
    assert "Choose another plan" in texts(at)


def test_a_press_opens_a_plan_as_the_draft(
    study: StudyFolder, studies: Path, open_page: Open
) -> None:
    plan = saved(study, "little", fc1=0.3)
    at = open_page(studies, "plans")
    at.button(key="open plan little").click().run()
    assert draft(at, study).choices == plan.choices
