"""A study of blocks: points, curves, plans, costs, verification and export."""

import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch

from prunescope.bench.evaluate import compare, evaluate
from prunescope.bench.pruned import select, selected
from prunescope.bench.workbench import Workbench, prepare
from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured
from prunescope.criteria.scores import Scores
from prunescope.curves.block_drops import block_drops
from prunescope.curves.curve import CurveKey, curves
from prunescope.errors import BadValue
from prunescope.export.export_plan import export_plan
from prunescope.latency.plan_memory import peak_memory
from prunescope.planning.baselines.prunable import prunable_subjects
from prunescope.planning.named_choices import choice_named
from prunescope.planning.prediction.plan_parts import parts_of
from prunescope.planning.prediction.predict import predict
from prunescope.planning.preview import preview
from prunescope.planning.solve.build_problem import build_problem
from prunescope.planning.solve.cost_tables import shape_costs
from prunescope.planning.solve.goal import Goal, Target
from prunescope.planning.solve.solver import make_solver
from prunescope.progress import Silent
from prunescope.removal import remove
from prunescope.replay.naive import NaiveEngine
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import vouch
from prunescope.study import Grid, Method
from prunescope.study.network_size import shrunk
from prunescope.study.plan import Choice, Plan
from prunescope.sweep.runner import sweep
from prunescope.sweep.verify_plan import verify_plan
from prunescope.sweep.work_list import groups_left_out, points

BYPASS = Method.parse("bypass")
GRID = Grid((BYPASS,), (0.3, 0.9), (), ("none", "bn", "ls"))
"""The sparsities do not matter: a block leaves whole."""
NAMES = ["blocks.0", "blocks.1", "blocks.2"]

Measured = tuple[Workbench, StudyFolder]


@pytest.fixture(scope="module")
def measured(residual_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """The residual network with its blocks measured beside its channels."""
    folder = Path(shutil.copytree(residual_once, tmp_path_factory.mktemp("blocks") / "study"))
    study = StudyFolder.open(folder)
    vouch(study.manifest.reference)
    bench = prepare(study.manifest.reference, folder)
    sweep(bench, study, GRID, Silent())
    return bench, StudyFolder.open(folder)


def plan_of(study: StudyFolder, choices: dict[str, Choice], recovery: str = "none") -> Plan:
    return Plan("p", study.manifest.fingerprint, choices, recovery)


def gone(name: str) -> dict[str, Choice]:
    return {name: Choice("bypass", 1.0, "block")}


def test_a_block_is_one_point_and_its_drop_is_the_smaller_networks(measured: Measured) -> None:
    bench, study = measured
    assert [(p.subject, p.sparsity, p.recovery) for p in points(GRID, study.manifest)] == [
        (name, 1.0, recovery) for name, recovery in product(NAMES, ("none", "bn", "ls"))
    ]
    known = curves(study.measured(), study.manifest)
    assert bench.network.captured is not None
    smaller = remove(bench.network.captured, {"blocks.1": torch.tensor([False])})
    outcome = evaluate(smaller.module, bench.splits.validation, bench.metric, bench.batch)
    labels = bench.metric.labels(bench.splits.validation.targets)
    naive = compare(bench.dense, outcome, labels, bench.classes)
    point = known[CurveKey("blocks.1", BYPASS)].points[0]
    assert point.drop == pytest.approx(naive.drop_sum / naive.samples, abs=1e-12)
    assert point.drop > 0.02
    for recovery in ("bn", "ls"):  # as the plain loop measures it
        own = known[CurveKey("blocks.1", BYPASS, recovery)].points[0]
        verified = verify_plan(bench, study, plan_of(study, gone("blocks.1"), recovery))
        assert own.drop == pytest.approx(verified.drop_sum / verified.samples, abs=1e-12)
    ranked = block_drops(known.values(), study.manifest)
    assert len(ranked) == 9
    assert [drop.point.drop for drop in ranked[:1]] == [min(d.point.drop for d in ranked)]


def test_the_plain_loop_agrees(measured: Measured, tmp_path: Path) -> None:
    bench, study = measured
    other = StudyFolder.create(tmp_path / "naive", bench.manifest)
    sweep(bench, other, replace(GRID, recoveries=("none",)), Silent(), NaiveEngine(bench))
    mine = study.measured()
    mine = mine[(mine["granularity"] == "block") & (mine["recovery"] == "none")]
    assert mine.set_index("subject")["drop_sum"].to_dict() == (
        other.measured().set_index("subject")["drop_sum"].to_dict()
    )


def test_foreseen_costs_are_the_smaller_networks_beside_channels(measured: Measured) -> None:
    bench, study = measured
    manifest = study.manifest
    groups = [group.name for group in manifest.leaving()]
    assert groups[-3:] == NAMES
    captured = bench.network.captured
    assert captured is not None
    scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
    stream = manifest.removable()[0].name
    for blocks in (("blocks.0",), ("blocks.0", "blocks.2"), tuple(NAMES)):
        choices = {stream: Choice("l1", 0.5, "channel")}
        for name in blocks:
            choices |= gone(name)
        plan = plan_of(study, choices)
        counts = preview(manifest, plan, study.measured())
        with selected(bench.network, select(plan, scores)) as module:
            real = cost(Captured(module, captured.example))  # type: ignore[arg-type]
        assert (counts.stored, counts.dense_bytes, counts.macs) == (
            real.parameters, real.bytes, real.macs,
        )  # fmt: skip
        found = shape_costs(manifest, groups)
        values = [float(counts.units.get(name, 0)) for name in groups]
        assert found["stored"].at(values) == pytest.approx(counts.stored)
        assert found["macs"].at(values) == pytest.approx(counts.macs)
        assert peak_memory(manifest, counts.units).activations >= real.activation_bytes


def test_what_leaves_with_a_block_is_void(measured: Measured) -> None:
    bench, study = measured
    manifest = study.manifest
    inside = next(g.name for g in manifest.removable() if g.name.startswith("blocks.1"))
    layer = next(each.name for each in manifest.prunable() if each.name == "blocks.1.conv2")
    alone = plan_of(study, gone("blocks.1"))
    mixed = alone.setting({inside: Choice("l1", 0.5, "channel"), layer: Choice("magnitude", 0.5)})
    scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
    assert select(mixed, scores).units.keys() == {"blocks.1"}
    assert not select(mixed, scores).masks
    known = curves(study.measured(), manifest)
    parts, gaps = parts_of(mixed, known, manifest)
    assert [part.subject for part in parts] == ["blocks.1"]
    assert not gaps
    counts = preview(manifest, mixed, known)
    assert counts.kept == preview(manifest, alone, known).kept
    assert verify_plan(bench, study, mixed).drop_sum == verify_plan(bench, study, alone).drop_sum


def test_solving_takes_blocks_and_no_part_of_one(measured: Measured) -> None:
    _, study = measured
    manifest = study.manifest
    known = curves(study.measured(), manifest)
    goal = Goal((Target("macs", 0.45),))
    problem = build_problem(manifest, known, goal)
    names = [subject.name for subject in problem.subjects]
    pairs = {(names[a], names[b]) for a, b in problem.conflicts}
    assert ("blocks.1.conv1", "blocks.1") in pairs
    assert ("stem", "blocks.1") not in pairs
    solved = make_solver(problem).solve()
    counts = preview(manifest, solved.plan, known)
    assert counts.macs <= 0.45 * manifest.macs
    only = build_problem(manifest, known, replace(goal, methods=(BYPASS,)))
    plan = make_solver(only).solve().plan
    assert {str(choice.method) for choice in plan.active().values()} == {"bypass@block"}
    assert shrunk(manifest, dict.fromkeys(plan.active(), 1)).macs <= 0.45 * manifest.macs
    assert not set(NAMES) & set(prunable_subjects(problem, True))
    assert prunable_subjects(problem, True)
    inside = Choice("l1", 0.5, "channel", True)
    locks = {"blocks.1.conv1": inside, **gone("blocks.1")}
    with pytest.raises(BadValue, match=r"blocks\.1\.conv1.*whole with blocks\.1"):
        build_problem(manifest, known, replace(goal, locks=locks))


def test_of_blocks_together_only_a_lower_end_is_foreseen(measured: Measured) -> None:
    _, study = measured
    known, none = study.measured(), study.verified().iloc[:0]
    for names, one_sided in ((NAMES[:1], False), (NAMES[:2], True)):
        plan = plan_of(study, {name: choice for n in names for name, choice in gone(n).items()})
        guess = predict(study.manifest, plan, known, none, study.logits)
        assert guess.basis.one_sided == one_sided
        assert guess.interval is not None
        assert ("or more" in guess.drop_in_words()) == one_sided
        if one_sided:
            assert guess.interval.high > 0.8


def test_names_and_words(measured: Measured) -> None:
    _, study = measured
    known = curves(study.measured(), study.manifest)
    choice = choice_named("blocks.0", None, 0.4, study.manifest, known, "none")
    assert choice == Choice("bypass", 1.0, "block")
    assert not groups_left_out(GRID, study.manifest)


def test_an_exported_block_is_gone(measured: Measured, tmp_path: Path) -> None:
    bench, study = measured
    choices = gone("blocks.0") | gone("blocks.2")
    report = export_plan(bench, study, plan_of(study, choices, "bn"), ("pt2",), tmp_path / "out")
    assert all(entry.ok for entry in report.formats)
