"""Group curves are those of the exported, reloaded, smaller network, sample for sample."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from prunescope.bench.evaluate import compare, evaluate
from prunescope.bench.pruned import select, select_one
from prunescope.bench.workbench import Workbench
from prunescope.capture.cost import cost
from prunescope.capture.graph import Captured, capture
from prunescope.criteria.scores import Scores
from prunescope.errors import BadValue
from prunescope.export.formats import pt2, safetensors
from prunescope.planning.preview import preview
from prunescope.progress import Silent
from prunescope.removal import remove
from prunescope.sample_models.registry import architecture
from prunescope.sources.weights import load_weights, pour
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_units
from prunescope.sweep.runner import sweep
from prunescope.sweep.work_list import groups_left_out, points
from tests.long import core
from tests.samples import PICTURES, every_picture

Benches = Callable[[str], Workbench]
CRITERIA = ("l1", "taylor", "random")
CASES = {name: (name, CRITERIA) for name in PICTURES} | {"vit-l1": ("vit", CRITERIA[:1])}
"""Sample models, and by what their units are chosen."""


def chosen_groups(bench: Workbench) -> list[str]:
    """The first and the last removable group of each granularity."""
    found = []
    for granularity in ("channel", "head"):
        names = [group.name for group in bench.manifest.removable(granularity)]
        found += dict.fromkeys([*names[:1], *names[-1:]])
    return list(found)


@pytest.mark.timeout(900)  # six exports of each model; a busy machine needs its time
@pytest.mark.parametrize("case", core(CASES, {"mlp", "lenet5", "vit-l1"}))
def test_curve_equals_prune_export_reload_evaluate(
    case: str, sample_bench: Benches, tmp_path: Path
) -> None:
    name, criteria = CASES[case]
    bench = sample_bench(name)
    assert bench.network.captured is not None
    study = StudyFolder.create(tmp_path / "study", bench.manifest)
    names = chosen_groups(bench)
    methods = tuple(
        Method(criterion, granularity)
        for criterion in criteria
        for granularity in {bench.manifest.group(n).granularity for n in names}
    )
    sweep(bench, study, Grid(methods, (0.5,), tuple(names), seeds=(0,)), Silent())
    rows = study.measured()
    assert len(rows) == len(criteria) * len(names)
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    # as a reader of the plain weights has it: the class, with other weights, captured anew
    blank = capture(architecture(name).eval(), bench.network.captured.example)
    for row in rows.itertuples():
        keep = select_one(scores, row.subject, Method(row.criterion, row.granularity), row.sparsity)
        smaller = remove(bench.network.captured, keep.units)
        outcome = evaluate(smaller.module, bench.splits.validation, bench.metric, bench.batch)
        sums = compare(bench.dense, outcome, bench.splits.validation.targets, bench.classes)
        if row.criterion == criteria[0]:  # files do not know by what their units were chosen
            pt2.write(pt2.exported(smaller), tmp_path / "smaller.pt2")
            reloaded = pt2.load(tmp_path / "smaller.pt2")
            again = evaluate(reloaded, bench.splits.validation, bench.metric, bench.batch)
            assert torch.equal(again.score, outcome.score)
            safetensors.write(smaller.module.state_dict(), tmp_path / "smaller.safetensors")
            poured = remove(blank, keep.units).module
            pour(poured, load_weights(tmp_path / "smaller.safetensors"), "smaller.safetensors")
            plain = evaluate(poured, bench.splits.validation, bench.metric, bench.batch)
            assert torch.equal(plain.score, outcome.score)
        assert (row.score_sum, row.drop_sum, row.drop_squares) == (
            sums.score_sum, sums.drop_sum, sums.drop_squares,
        )  # fmt: skip
        assert row.agreements == sums.agreements
        assert row.removed == row.total - int(next(iter(keep.units.values())).sum()) > 0


@every_picture
def test_preview_counts_equal_the_smaller_network(name: str, sample_bench: Benches) -> None:
    bench = sample_bench(name)
    assert bench.network.captured is not None
    manifest = bench.manifest
    groups = {
        group.name: Choice("l1", 0.25 + 0.5 * (index % 2), group.granularity)
        for index, group in enumerate(manifest.removable())
    }
    plan = Plan("all", manifest.fingerprint, groups)
    scores = Scores(bench.network, bench.splits.calibration, bench.groups)
    smaller = remove(bench.network.captured, select(plan, scores).units)
    real = cost(Captured(smaller.module, smaller.example))
    said = preview(manifest, plan, {})
    assert (said.stored, said.macs, said.dense_bytes) == (
        real.parameters, real.macs, real.bytes,
    )  # fmt: skip
    assert real.parameters < manifest.parameters


def test_half_the_channels_on_both_sides_free_three_quarters(sample_bench: Benches) -> None:
    manifest = sample_bench("resnet20").manifest
    plan = Plan(
        "half", manifest.fingerprint,
        {g.name: Choice("l1", 0.5, g.granularity) for g in manifest.removable()},
    )  # fmt: skip
    said = preview(manifest, plan, {})
    assert 0.24 < said.macs / manifest.macs < 0.27
    assert 0.24 < said.stored / manifest.parameters < 0.27


def test_ratios_too_small_to_remove_a_unit_are_not_points(sample_bench: Benches) -> None:
    manifest = sample_bench("resnet20").manifest
    name = manifest.removable("channel")[0].name
    grid = Grid((Method("l1", "channel"),), (0.01, 0.02, 0.5, 0.51, 1.0), (name,))
    units = manifest.group(name).units
    assert [point.sparsity for point in points(grid, manifest)] == [0.5, (units - 1) / units]


def test_points_stand_where_what_stays_is_a_multiple(sample_bench: Benches) -> None:
    manifest = sample_bench("mobilenet").manifest
    asked = tuple(part / 20 for part in range(1, 20))
    for multiple in (1, 4, 8, 16, 32):
        grid = Grid((Method("l1", "channel"),), asked, multiple=multiple)
        wanted = points(grid, manifest)
        for point in wanted:
            units = manifest.group(point.subject).units
            removed = removed_units(units, point.sparsity)
            assert removed > 0
            assert (units - removed) % multiple == 0
        told = {sentence.split(" has ")[0] for sentence in groups_left_out(grid, manifest)}
        groups = {group.name for group in manifest.removable("channel")}
        assert told == groups - {point.subject for point in wanted}


def test_the_law_is_checked_on_the_users_model_and_kept(
    sample_bench: Benches, tmp_path: Path
) -> None:
    bench = sample_bench("mlp")
    study = StudyFolder.create(tmp_path / "study", bench.manifest)
    sweep(bench, study, Grid((Method("l1", "channel"),), (0.5,), ("fc2",)), Silent())
    errors = {g.name: g.law_error for g in StudyFolder.open(study.folder).manifest.groups}
    assert errors["fc1"] is None
    assert errors["fc2"] is not None
    assert errors["fc2"] < 1e-4


def test_a_refused_group_says_why(sample_bench: Benches) -> None:
    manifest = sample_bench("mlp").manifest
    with pytest.raises(BadValue, match="fc3 cannot: it is read as the network's output"):
        points(Grid((Method("l1", "channel"),), (0.5,), ("fc3",)), manifest)


def test_a_point_that_cannot_be_had_is_named_and_the_others_are_measured(
    sample_bench: Benches, tmp_path: Path
) -> None:
    bench = sample_bench("mobilenet")
    study = StudyFolder.create(tmp_path / "study", bench.manifest)
    names = ("blocks.0.excite.reduce", "head")  # the first has no batch norm to read
    report = sweep(bench, study, Grid((Method("bn-scale", "channel"),), (0.5,), names), Silent())
    assert (report.measured, report.missing) == (1, 0)
    assert set(study.measured()["subject"]) == {"head"}
    (refusal,) = report.refused
    assert refusal.startswith("blocks.0.excite.reduce bn-scale@channel 0.5: Expected a criterion")
