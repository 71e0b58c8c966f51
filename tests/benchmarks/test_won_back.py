"""Rows say whether their reach is met, are kept, and those that are missing are said to be."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import won_back
from benchmarks.won_back import CASES, Case, Row, markdown


def test_a_row_says_by_how_much_its_reach_is_missed() -> None:
    case = Case("resnet20", 0.25, "distil")
    assert case.reach == 0.7
    assert Row(case, 0.70, 0.4, 1.0, 0.25, 60).verdict() == "met"
    assert Row(case, 0.74, 0.4, 1.0, 0.25, 60).verdict() == "missed by 0.04"
    assert Row(Case("lenet5", 0.25, "distil"), 9.0, 8.0, 10.0, 0.25, 6).verdict() == "none set"


def test_every_case_is_in_the_table_once_and_missing_ones_are_said() -> None:
    assert len(set(CASES)) == len(CASES)
    case = Case("mlp", 0.05, "tuned")
    table = markdown({case: Row(case, 0.91, 0.5, 1.3, 0.05, 300, "9 steps")})
    lines = table.splitlines()[2:]
    assert len(lines) == len(CASES)
    assert sum("| not run |" in line for line in lines) == len(CASES) - 1
    assert "| mlp | 5 % of the weights | tuned | 0.91 (0.50 to 1.30) | 1 | met | 300 |" in table


def test_a_kept_row_is_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[0]
    file = tmp_path / "won_back" / "resnet20-MACs-25-refit.json"
    file.parent.mkdir()
    file.write_text(json.dumps(asdict(Row(case, 1.47, 1.08, 1.86, 0.25, 3.0))))
    monkeypatch.setattr("sys.argv", ["won_back", "--cache", str(tmp_path), "--minutes", "0"])
    won_back.main()
    assert "1.47 (1.08 to 1.86) | 1.5 | met" in capsys.readouterr().out
