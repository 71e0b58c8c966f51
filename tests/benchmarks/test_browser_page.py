"""Rows say whether their target is met, and the table of what could not be measured stays whole."""

import pytest

from benchmarks._built_study import build
from benchmarks._page_rows import bursts
from benchmarks.browser_page import HEAD, ROWS, Row, table
from prunescope.curves.curve import curves


def test_every_row_has_the_cells_of_the_head_and_a_verdict() -> None:
    known = [
        Row(4, "drag", "≤ 16 ms", "9 ms", True),
        Row(4, "drag", "≤ 16 ms", "90 ms", False, "a | b"),
        Row(4, "drag", "", "9 ms"),
        Row(4, "drag", "", "Expected a | page", failed=True),
    ]
    lines = list(table(iter(known)))
    assert all(line.startswith(("| ", "|---")) for line in lines)
    assert {line.count("|") for line in lines} == {len(HEAD) + 1}
    verdicts = [line.split(" | ")[4] for line in lines[2:]]
    assert verdicts == ["met", "missed", "none set", "not measured"]
    assert len(ROWS) == 6


def test_shifts_far_apart_are_bursts_of_their_own() -> None:
    assert list(bursts([(0, 0.25), (900, 0.5), (3000, 1.0)])) == [0.75, 1.0]
    assert list(bursts([(500.0 * place, 1.0) for place in range(14)])) == [11.0, 3.0]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_built_study_has_a_curve_for_every_layer_and_method(tmp_path) -> None:
    study = build(tmp_path / "layers-3", 3, classes=10)
    known = curves(study.measured(), study.manifest)
    assert len(known) == 3 * 4 + len(study.manifest.removable()) * 2
    assert len(study.plans()) == 50
    assert len(study.verified()) == 12
