"""What controls say survives another page, and comes with a link that is checked."""

import json
from pathlib import Path

import pytest

from tests.dashboard.page import Open


def test_a_link_restores_what_the_controls_said(studies: Path, open_page: Open) -> None:
    said = json.dumps({"limit": 3.0, "curves scale": "divergence", "near": True})
    at = open_page(studies, "curves", study="digits", view=said)
    assert not at.exception
    assert at.number_input(key="limit").value == 3.0
    assert at.session_state["curves scale"] == "divergence"
    assert at.toggle(key="near").value is True


def test_a_link_restores_budgets(studies: Path, open_page: Open) -> None:
    said = json.dumps({"goal budgets": ["parameters"], "goal parameters": 40, "goal drop": 2.5})
    at = open_page(studies, "plan", study="digits", view=said)
    assert not at.exception
    assert at.slider(key="goal parameters").value == 40
    assert at.number_input(key="goal drop").value == 2.5


@pytest.mark.parametrize(
    "said",
    [
        "{", "[]", '"text"', "[" * 5000, "x" * 9000,
        json.dumps({"limit": "three", "curves scale": "nothing", "near": "yes"}),
        json.dumps({"limit": 1e9, "curves sort": ["a"], "curves search": "x" * 5000}),
        json.dumps({"limit": None, "heat method": {"a": 1}, "curves scale": [1]}),
    ],
)  # fmt: skip
def test_a_damaged_view_is_left_aside(said: str, studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves", study="digits", view=said)
    assert not at.exception
    assert at.number_input(key="limit").value == 1.0
    assert at.session_state["curves scale"] == "score"
    assert at.toggle(key="near").value is False
