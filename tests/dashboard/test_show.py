"""The tour for a projector says what the engine says, and a link restores its stop."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared import knowledge, show_mode
from prunescope.dashboard.views.show.stops import stops_of, tour_of
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from tests.dashboard.page import Open, texts


def shown(at: AppTest) -> str:
    assert not at.exception
    assert not at.selectbox
    assert not at.button  # no forms
    return texts(at)


def test_every_stop_says_the_engines_sentences(studies: Path, open_page: Open) -> None:
    study = StudyFolder.open(studies / "digits")
    told = knowledge.overview(study, 0.01)
    first = shown(open_page(studies, show="1"))
    assert told.sentences()
    assert all(plain.text(sentence) in first for sentence in told.sentences())
    titles = list(stops_of(tour_of(study, 0.01)))
    for number, title in enumerate(titles, start=1):
        said = shown(open_page(studies, show=str(number)))
        assert f"{number} of {len(titles)}" in said
        assert title in said
    assert titles[:1] == ["So far"]


def test_a_stop_that_is_none_is_the_last(studies: Path, open_page: Open) -> None:
    study = StudyFolder.open(studies / "digits")
    count = len(stops_of(tour_of(study, 0.01)))
    assert f"{count} of {count}" in shown(open_page(studies, show="99"))


def test_what_is_no_number_shows_the_pages(studies: Path, open_page: Open) -> None:
    at = open_page(studies, show="<b>")
    assert at.selectbox
    assert not at.exception


def test_the_share_list_begins_the_tour(studies: Path, open_page: Open) -> None:
    at = open_page(studies)
    at.button(key="show").click().run()
    assert "1 of" in shown(at)
    assert show_mode.stop() is None  # of another session
