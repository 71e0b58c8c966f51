"""Plans that are reached in rounds: counts, resuming, and export like any fine-tuned plan."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prunescope.bench.evaluate import evaluate
from prunescope.bench.pruned import selected
from prunescope.bench.workbench import Workbench
from prunescope.errors import Cancelled, CannotPrune, ForeignStudy
from prunescope.progress import Silent
from prunescope.recovery.training.checkpoint import CHECKPOINT
from prunescope.recovery.training.compare_schedules import compared_with
from prunescope.recovery.training.fine_tuning_report import (
    best_folder,
    read_result,
    result_folder,
)
from prunescope.recovery.training.finetune import finetune, read_weights
from prunescope.recovery.training.gradual import ROUNDS
from prunescope.recovery.training.gradual_selection import gradual_selection
from prunescope.recovery.training.round_selection import require_rounds
from prunescope.sources.weights import pour
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_count, removed_units
from tests.analysis.recovery.short_training import QUICK, MakePlan
from tests.analysis.recovery.training.trained import Spy

SLOWLY = replace(QUICK, epochs=3, rounds=3)
MakeKind = Callable[[Workbench], Plan]


def _units(bench: Workbench, more: dict[str, Choice] | None = None, recovery: str = "none") -> Plan:
    choices = {
        group.name: Choice("l1", 0.5, "channel")
        for group in bench.manifest.groups if group.reason is None
    }  # fmt: skip
    return Plan("units", bench.manifest.fingerprint, {**(more or {}), **choices}, recovery)


def _mixed(bench: Workbench) -> Plan:
    """Units of one group, weights of every layer that has another name."""
    group = next(each for each in bench.manifest.groups if each.reason is None)
    weights = {
        layer.name: Choice("magnitude", 0.6)
        for layer in bench.manifest.prunable() if layer.name != group.name
    }  # fmt: skip
    return Plan(
        "mixed", bench.manifest.fingerprint, {**weights, group.name: Choice("l1", 0.5, "channel")}
    )


def _weights(bench: Workbench) -> Plan:
    choices = {layer.name: Choice("magnitude", 0.9) for layer in bench.manifest.prunable()}
    return Plan("weights", bench.manifest.fingerprint, choices)


def _weights_refitted(bench: Workbench) -> Plan:
    return replace(_weights(bench), recovery="ls")


def _refitted(bench: Workbench) -> Plan:
    return _units(bench, recovery="ls")


@pytest.mark.parametrize("kind", [_weights, _weights_refitted, _units, _mixed, _refitted])
def test_rounds_end_at_the_plan(bench: Workbench, study: StudyFolder, kind: MakeKind) -> None:
    plan = kind(bench)
    dense = {n: t.clone() for n, t in bench.network.module.state_dict().items()}
    spy = Spy()
    result = finetune(bench, study, plan, SLOWLY, spy)
    folder = result_folder(study.folder, plan, schedule="in rounds")
    weights = read_weights(folder)

    assert (result.ending, len(result.rounds), result.settings.rounds) == ("finished", 3, 3)
    assert all(torch.equal(dense[n], t) for n, t in bench.network.module.state_dict().items())
    # Sizes fall from round to round, and end where the plan is.
    sizes = [each.parameters for each in result.rounds]
    assert sizes == sorted(set(sizes), reverse=True)
    assert sizes[-1] == result.total - result.removed
    for name, choice in plan.choices.items():
        if choice.granularity == "channel":
            group = next(each for each in bench.groups if each.name == name)
            assert len(result.gone[name]) == removed_units(group.units, choice.sparsity)
        else:
            weight = weights[f"{name}.weight"]
            zeros = int((weight == 0).sum())
            if weight.shape == dense[f"{name}.weight"].shape:
                assert zeros == removed_count(weight.numel(), choice.sparsity)
            else:  # of the weights that there were before the last round's units left
                assert zeros / weight.numel() == pytest.approx(choice.sparsity, abs=0.1)
    # What is stored is what was measured, by way of the selection that exports use.
    selection = gradual_selection(bench, plan, result.gone, weights)
    with selected(bench.network, selection) as left:
        assert {n: t.shape for n, t in left.state_dict().items()} == {
            n: t.shape for n, t in weights.items()
        }
        for name, keep in selection.masks.items():
            assert torch.equal(left.get_parameter(name) == 0, weights[name] == 0), name
            assert not bool(keep.all())
        tuned = copy.deepcopy(left)  # without units it is the dense network's own module
        pour(tuned, weights, "test")
        outcome = evaluate(tuned, bench.splits.validation, bench.metric, bench.batch)
    assert result.after.score_sum == outcome.score.sum().item()
    assert result.after.score == result.rounds[-1].score
    assert result.after.score >= result.rounds[-1].pruned_score
    # One curve and one bar over all rounds.
    steps = [reading.step for reading in result.curve]
    assert steps == sorted(steps)
    assert spy.done >= steps[-1] == result.rounds[-1].step
    assert [values["round"] for values in spy.values] == sorted(v["round"] for v in spy.values)
    assert read_result(folder) == result
    assert not (folder / ROUNDS).exists()


def test_untrained_rounds_cut_the_dense_network(bench: Workbench, study: StudyFolder) -> None:
    """At a rate of nearly nothing every weight that stays is the dense one, at its own place."""
    plan = _units(bench)
    still = replace(SLOWLY, rate=1e-30, momentum=0.0, decay=0.0)
    result = finetune(bench, study, plan, still, Silent())
    weights = read_weights(result_folder(study.folder, plan, schedule="in rounds"))
    selection = gradual_selection(bench, plan, result.gone, weights)
    with selected(bench.network, selection) as left:
        for name, parameter in left.named_parameters():
            assert torch.allclose(parameter, weights[name], atol=1e-12), name


@pytest.mark.parametrize("kind", [_weights, _units, _mixed])
@pytest.mark.parametrize("cancel_at", [3, 14, 25])
def test_rounds_go_on_where_they_were_stopped(
    bench: Workbench, tmp_path: Path, kind: MakeKind, cancel_at: int
) -> None:
    plan = kind(bench)
    whole = StudyFolder.create(tmp_path / "whole", bench.manifest)
    wanted = finetune(bench, whole, plan, SLOWLY, Silent())
    study = StudyFolder.create(tmp_path / "stopped", bench.manifest)
    if cancel_at < 20:
        number = cancel_at // 10 + 1
        with pytest.raises(Cancelled, match=f"stopped in round {number}. The same command"):
            finetune(bench, study, plan, SLOWLY, Spy(cancel_at))
    else:
        assert finetune(bench, study, plan, SLOWLY, Spy(cancel_at)).ending == "cancelled"
    folder = result_folder(study.folder, plan, schedule="in rounds")
    assert (folder / CHECKPOINT).is_file()
    spy = Spy()
    result = finetune(bench, study, plan, SLOWLY, spy)
    assert spy.asked == 30 - cancel_at  # nothing is trained twice
    assert (result.ending, result.weights_hash) == ("finished", wanted.weights_hash)
    assert result.rounds == wanted.rounds
    assert result.resumed > 0


def test_at_once_and_in_rounds_stay_beside_each_other(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    plan = make_plan(bench, 0.9)
    at_once = finetune(bench, study, plan, QUICK, Silent())
    assert compared_with(study.folder, plan, at_once) is None
    in_rounds = finetune(bench, study, plan, SLOWLY, Silent())
    assert read_result(result_folder(study.folder, plan)) == at_once
    told = compared_with(study.folder, plan, in_rounds)
    assert told is not None
    assert "of training: at once " in told
    better = max(at_once, in_rounds, key=lambda result: result.after.score)
    assert read_result(best_folder(study.folder, plan)) == better


def test_blocks_leave_at_once() -> None:
    plan = Plan("blocks", "f", {"layer1": Choice("bypass", 1.0, "block")})
    with pytest.raises(CannotPrune, match="layer1 leaves as a whole block"):
        require_rounds(plan)


def test_units_of_another_network_are_refused(bench: Workbench, make_plan: MakePlan) -> None:
    plan = _units(bench)
    group = bench.groups[0]
    with pytest.raises(ForeignStudy, match="has no such units"):
        gradual_selection(bench, plan, {group.name: (group.units,)}, {})
    weights = make_plan(bench, 0.5)
    with pytest.raises(ForeignStudy, match="is not among them"):
        gradual_selection(bench, weights, {}, {})
