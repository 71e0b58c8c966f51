"""A shared link restores layer and plan; what cannot be restored is one sentence."""

from pathlib import Path

import pytest

from prunescope.store.folder import StudyFolder
from tests.dashboard.page import Open, choices, shared, texts


def test_an_unknown_layer_in_the_link_falls_back(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves", layer="nowhere")
    assert not at.exception
    assert "**fc1**" in texts(at)


def test_a_link_restores_layer_and_plan(study: StudyFolder, studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plan", study="digits", plan=shared(study, fc1=0.6, fc2=0.6))
    assert {name: c.sparsity for name, c in choices(at, studies).items()} == {
        "fc1": 0.6,
        "fc2": 0.6,
    }


@pytest.mark.parametrize("plan", ["%%%", "A" * 9000, "eNoDAAAAAAE"])
def test_a_bad_link_falls_back_with_a_sentence(plan: str, studies: Path, open_page: Open) -> None:
    at = open_page(studies, "plan", plan=plan)
    assert not at.exception
    assert "link to a plan" in at.warning[0].value
    assert choices(at, studies) == {}


def test_a_link_to_a_missing_study_falls_back_with_a_sentence(
    studies: Path, open_page: Open
) -> None:
    at = open_page(studies, "plan", study="gone")
    assert "'gone'" in at.warning[0].value
