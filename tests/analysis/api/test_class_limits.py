"""Limits on classes through the API and the command line, on a live study's own logits."""

from pathlib import Path

import pytest

import prunescope as ps
from prunescope.errors import BadValue, CannotReach
from tests.analysis.cli.command import Command


def test_a_plan_keeps_the_limit_on_every_class(made: Path) -> None:
    study = ps.open(made)
    free = study.solve(parameters=0.75, around=False)
    lost = max(recall.dense - recall.pruned for recall in free.prediction.recalls)
    limit = max(lost, 0.0) + 0.02
    solved = study.solve(parameters=0.75, worst_class=limit, recalls={0: 0.5})
    assert max(r.dense - r.pruned for r in solved.prediction.recalls) <= limit
    assert f"worst-class={limit:.12g}" in solved.request.target
    assert "recall:0=0.5" in solved.request.target
    assert not any(text.startswith("drop=") for text in solved.request.target)


def test_a_limit_that_no_plan_keeps_is_refused(made: Path) -> None:
    with pytest.raises(CannotReach, match="every class's recall down at most"):
        ps.open(made).solve(parameters=0.62, worst_class=1e-6)


def test_nothing_is_measured_or_ruled_under_a_limit_on_classes(made: Path) -> None:
    with pytest.raises(BadValue, match="Solve and save the plan, then verify it"):
        ps.open(made).solve(parameters=0.75, worst_class=0.5, verify=2)


def test_on_the_command_line(made: Path, run: Command) -> None:
    result = run("plan", str(made), "--target", "parameters=0.75", "--target", "worst-class=90pt")
    assert result.code == 0, result
    assert "worst-class: predicted" in result.out
    refused = run("plan", str(made), "--target", "recall:zebra=1pt")
    assert "Expected class to be one that exists" in refused.err
