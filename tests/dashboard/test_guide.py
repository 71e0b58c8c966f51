"""The guide leads a demo's first visitor through the pages, says what they say, and can be put
away."""

import contextlib
from pathlib import Path

import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.views.guide.steps import STEPS
from prunescope.dashboard.views.show.stops import closely, plan_line
from prunescope.sample_models.samples import DEMO
from prunescope.store import read_only
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from tests.dashboard.conftest import both
from tests.dashboard.page import Open, set_draft, texts


@pytest.fixture(autouse=True)
def _in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest reads nothing of what stands below the page."""
    monkeypatch.setattr(streamlit, "bottom", contextlib.nullcontext())


@pytest.fixture
def demo(studies: Path) -> StudyFolder:
    """The study as ``prunescope demo`` would call it."""
    return StudyFolder.open((studies / "digits").rename(studies / f"{DEMO}digits"))


def buttons(at: AppTest) -> dict[str, str]:
    """Key → label of the guide's buttons."""
    assert not at.exception
    return {b.key: b.label for b in at.button if b.key and b.key.startswith("guide ")}


def test_every_step_says_where_it_is_done_and_the_studys_own_words(
    demo: StudyFolder, open_page: Open
) -> None:
    at = open_page(demo.folder.parent, "export")
    said, plan = closely(demo, 0.01), both(demo.manifest, 0.6)
    assert said is not None
    assert buttons(at)["guide go"] == "To the page Curves"
    assert plain.text(said[1]) not in texts(at)
    for number, step in enumerate(STEPS, start=1):
        at = open_page(demo.folder.parent, step.page)
        at.session_state["guide step"] = number
        at.run()
        assert f"{number} of {len(STEPS)} · {step.title}" in texts(at)
        assert ("guide next" in buttons(at)) == (number < len(STEPS))
    assert plain.text(said[1]) in texts(open_page(demo.folder.parent, "curves"))
    at = open_page(demo.folder.parent, "export")
    at.session_state["guide step"] = len(STEPS)
    set_draft(at, demo, plan)
    at.run()
    assert plain.text(plan_line(demo, plan)) in texts(at)


def test_a_step_is_done_when_it_was_done(demo: StudyFolder, open_page: Open) -> None:
    at = open_page(demo.folder.parent, "plan")
    at.session_state["guide step"] = 4
    at.run()
    onward = {b.key: b.proto.type for b in at.button}
    assert onward["guide next"] == "secondary"
    set_draft(at, demo, both(demo.manifest, 0.6))  # was measured
    at.run()
    assert {b.key: b.proto.type for b in at.button}["guide next"] == "primary"


def test_it_is_put_away_and_comes_back_from_the_list_of_words(
    demo: StudyFolder, open_page: Open
) -> None:
    at = open_page(demo.folder.parent, "curves")
    at.button(key="guide away").click().run()
    assert not buttons(at)
    at.session_state["word list"] = True
    at.run()
    at.button(key="guide again").click().run()
    assert f"1 of {len(STEPS)}" in texts(at)


def test_only_a_demo_is_met_with_it(studies: Path, open_page: Open) -> None:
    assert not buttons(open_page(studies, "curves"))


def test_neither_a_projector_nor_who_may_only_look_meets_it(
    demo: StudyFolder, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not open_page(demo.folder.parent, "curves", show="1").button
    monkeypatch.setenv(read_only.READ_ONLY, "1")
    at = open_page(demo.folder.parent, "curves")
    at.session_state["word list"] = True
    at.run()
    assert not buttons(at)
