"""The Curves page shows every method of a layer, and what is safe."""

from pathlib import Path

from tests.dashboard.page import Open, texts


def test_curves_show_every_method_of_the_chosen_layer(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves", layer="fc2")
    spec = at.get("plotly_chart")[0].proto.spec
    assert '"magnitude"' in spec
    assert '"random"' in spec
    assert "**fc2**" in texts(at)


def test_curves_can_be_searched_and_sorted(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves")
    at.selectbox(key="curves sort").set_value("Most sensitive").run()
    drops = list(at.dataframe[0].value["Mean drop"])
    assert drops == sorted(drops, reverse=True)
    at.text_input(key="curves search").set_value("fc3").run()
    assert list(at.dataframe[0].value["Layer"]) == ["fc3"]
    at.text_input(key="curves search").set_value("nothing like it").run()
    assert not at.exception
    assert "No layer" in texts(at)


def test_the_accepted_drop_changes_what_is_safe(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves")
    at.number_input(key="limit").set_value(0.0).run()
    strict = at.dataframe[0].value["Safe to"].sum()
    at.number_input(key="limit").set_value(100.0).run()
    assert at.dataframe[0].value["Safe to"].sum() == 3 * 95 > strict
