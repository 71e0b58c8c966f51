"""A fragment tells its own ticks from the page's run."""

from streamlit.testing.v1 import AppTest


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
