"""A fragment tells its own ticks from the page's run."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.store.folder import StudyFolder


def test_only_the_run_of_the_page_is_of_the_page() -> None:
    def script() -> None:
        import streamlit as st

        from prunescope.dashboard.shared import polling

        polling.start("a")
        st.session_state["told"] = [
            polling.of_page("a"),
            polling.of_page("a"),
            polling.of_page("b"),
        ]
        polling.follow("c", 60.0, lambda: st.session_state["told"].append("done"))

    at = AppTest.from_function(script).run()
    assert at.session_state["told"] == [True, False, False]


def test_an_error_in_a_tick_is_shown() -> None:
    def script() -> None:
        from prunescope.dashboard.shared import polling
        from prunescope.errors import BadValue

        def wrong() -> None:
            raise BadValue("Expected a, but got b. Do c.")

        polling._tick("never started", wrong)

    at = AppTest.from_function(script).run()
    assert at.error[0].value == "Expected a, but got b. Do c."


def test_a_look_that_finds_nothing_new_reads_no_rows_and_draws_nothing(
    measured_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(folder: str) -> None:
        from pathlib import Path

        from prunescope.dashboard.shared import job_strip

        job_strip._strip(Path(folder), True)

    at = AppTest.from_function(script, kwargs={"folder": str(measured_folder / "digits")}).run()
    for read in ("measured", "verified", "screened", "plans"):
        monkeypatch.setattr(StudyFolder, read, lambda *_: pytest.fail("rows were read"))
    at.run()
    assert not at.exception
    assert not at.main.children
