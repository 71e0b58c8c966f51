"""A fragment tells its own ticks from the page's run."""

from streamlit.testing.v1 import AppTest


def test_only_the_run_of_the_page_is_of_the_page() -> None:
    def script() -> None:
        import streamlit as st

        from dashboard import ticks

        ticks.start("a")
        st.session_state["told"] = [ticks.of_page("a"), ticks.of_page("a"), ticks.of_page("b")]
        ticks.follow("c", 60.0, lambda: st.session_state["told"].append("done"))

    at = AppTest.from_function(script).run()
    assert at.session_state["told"] == [True, False, False]


def test_an_error_in_a_tick_is_shown() -> None:
    def script() -> None:
        from analysis.errors import BadValue
        from dashboard import ticks

        def wrong() -> None:
            raise BadValue("Expected a, but got b. Do c.")

        ticks._tick("never started", wrong)

    at = AppTest.from_function(script).run()
    assert at.error[0].value == "Expected a, but got b. Do c."
