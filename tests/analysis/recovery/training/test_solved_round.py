"""Rounds that are solved anew: they meet the plan's cost, and are solved once each."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from torch import Tensor

from prunescope.api.solve_round import RoundSolver
from prunescope.bench.workbench import Workbench
from prunescope.charts.schedules import rounds_figure, schedules_figure
from prunescope.curves.curve import curves
from prunescope.errors import BadValue, Cancelled, CannotPrune
from prunescope.planning.preview import preview
from prunescope.progress import Progress, Silent
from prunescope.recovery.training.compare_schedules import compared, schedules_in_words
from prunescope.recovery.training.fine_tuning_report import read_result, result_folder, results_of
from prunescope.recovery.training.finetune import finetune, read_weights
from prunescope.recovery.training.gradual_selection import gradual_selection
from prunescope.recovery.training.rounds import SolvedRound
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.analysis.recovery.short_training import QUICK

ANEW = replace(QUICK, epochs=3, rounds=3, resolve=True)


def halved(bench: Workbench) -> Plan:
    choices = {
        group.name: Choice("l1", 0.5, "channel")
        for group in bench.manifest.groups if group.reason is None
    }  # fmt: skip
    return Plan("units", bench.manifest.fingerprint, choices)


def zeroed(bench: Workbench) -> Plan:
    choices = {layer.name: Choice("magnitude", 0.8) for layer in bench.manifest.prunable()}
    return Plan("weights", bench.manifest.fingerprint, choices)


class Counting(RoundSolver):
    """Counts how often it is asked."""

    asked = 0

    def __call__(
        self, bench: Workbench, zeros: Mapping[str, Tensor], number: int, rounds: int,
        progress: Progress,
    ) -> SolvedRound:  # fmt: skip
        """Count, and solve."""
        self.asked += 1
        return super().__call__(bench, zeros, number, rounds, progress)


class StopInRound(Silent):
    """Asks to stop once a round has told a reading after some steps."""

    def __init__(self, number: int) -> None:
        self._number, self._over = number, False

    def advance(self, steps: int = 1, message: str = "", **values: float) -> None:
        """Look at the reading."""
        if values.get("round") == self._number and "loss" in values:
            self._over = True

    def cancelled(self) -> bool:
        """Return whether that round was reached."""
        return self._over


def test_weights_end_within_the_cost_of_the_plan(bench: Workbench, study: StudyFolder) -> None:
    plan = zeroed(bench)
    result = finetune(
        bench, study, plan, ANEW, Silent(), solve=RoundSolver(study, plan)
    )  # fmt: skip
    kept = preview(bench.manifest, plan, curves(study.measured(), bench.manifest)).kept
    sizes = [each.parameters for each in result.rounds]
    assert sizes == sorted(set(sizes), reverse=True)
    assert 0.9 * kept < sizes[-1] <= kept
    assert all(len(each.front) > 2 for each in result.rounds)
    reached = result.rounds[-1].sparsities
    assert set(reached) == set(plan.choices)
    assert any(abs(share - 0.8) > 0.02 for share in reached.values())  # not the plan's own
    weights = read_weights(result_folder(study.folder, plan, "re-solved"))
    for name, share in reached.items():
        assert float((weights[f"{name}.weight"] == 0).double().mean()) == pytest.approx(share)


def test_units_end_within_the_cost_of_the_plan_and_export(
    bench: Workbench, study: StudyFolder
) -> None:
    plan = halved(bench)
    at_once = finetune(bench, study, plan, replace(QUICK, epochs=1), Silent())
    result = finetune(bench, study, plan, ANEW, Silent(), solve=RoundSolver(study, plan))
    macs = preview(bench.manifest, plan, curves(study.measured(), bench.manifest)).macs
    sizes = [each.macs for each in result.rounds]
    assert sizes == sorted(set(sizes), reverse=True)
    assert sizes[-1] <= macs
    folder = result_folder(study.folder, plan, "re-solved")
    selection = gradual_selection(bench, plan, result.gone, read_weights(folder))
    assert {n: int((~keep).sum()) for n, keep in selection.units.items()} == {
        name: len(gone) for name, gone in result.gone.items() if gone
    }
    # All schedules are known by name, and drawn.
    known = results_of(study.folder, plan)
    assert known == {"at once": at_once, "re-solved": read_result(folder)}
    assert "in 3 rounds, re-solved " in (compared(known.values()) or "")
    (sentence,) = schedules_in_words({"half": known.values()})
    assert sentence.startswith("Plan half was fine-tuned at once to ")
    lines = [trace.name for trace in rounds_figure(known, False, bench.manifest.macs).data]
    assert [name for name in lines if name.startswith("front")] == [
        f"front of round {n}" for n in (1, 2, 3)
    ]
    assert "in 3 rounds, re-solved" in [t.name for t in schedules_figure(known, True).data]


def test_a_round_that_was_stopped_is_not_solved_again(bench: Workbench, tmp_path: Path) -> None:
    plan = zeroed(bench)
    whole = StudyFolder.create(tmp_path / "whole", bench.manifest)
    wanted = finetune(bench, whole, plan, ANEW, Silent(), solve=RoundSolver(whole, plan))
    study = StudyFolder.create(tmp_path / "stopped", bench.manifest)
    solver = Counting(study, plan)
    with pytest.raises(Cancelled, match="stopped in round 2"):
        finetune(bench, study, plan, ANEW, StopInRound(2), solve=solver)
    assert solver.asked == 2
    again = Counting(study, plan)
    result = finetune(bench, study, plan, ANEW, Silent(), solve=again)
    assert again.asked == 1
    assert (result.rounds, result.weights_hash) == (wanted.rounds, wanted.weights_hash)
    folder = result_folder(study.folder, plan, "re-solved")
    assert sorted(path.name for path in folder.iterdir()) == ["result.json", "weights.safetensors"]


def test_what_cannot_be_solved_anew_is_refused(bench: Workbench, study: StudyFolder) -> None:
    both = replace(halved(bench), choices={**halved(bench).choices, "last": Choice("l1", 0.5)})
    with pytest.raises(CannotPrune, match="this one removes weights and units"):
        RoundSolver(study, both)
    with pytest.raises(BadValue, match="Expected rounds where the plan is solved anew"):
        replace(QUICK, resolve=True)
