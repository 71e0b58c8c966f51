"""A latency table: dense is dense, measured beats predicted, and only its own network is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue, ForeignStudy
from prunescope.latency.machine import machine
from prunescope.latency.table.choose_models import random_units
from prunescope.latency.table.predict_time import (
    LatencyTable,
    plan_units,
    predict_latency,
    predict_many,
    tables,
)
from prunescope.latency.table.rows import graph_digest, stored_rows
from prunescope.latency.table.tensor_sizes import shapes_of
from prunescope.study.plan import Choice, Plan
from tests.analysis.latency.table.made import draws, row, truth


@pytest.fixture(scope="module")
def told(lenet5: Workbench, tmp_path_factory: pytest.TempPathFactory) -> LatencyTable:
    """A table of thirty plans on a machine of known laws."""
    folder = tmp_path_factory.mktemp("study")
    manifest = lenet5.manifest
    plans = draws(manifest, 30)
    rows = [row(manifest, p, t) for p, t in zip(plans, truth(manifest, plans), strict=True)]
    stored_rows(folder).append(rows)
    (found,) = tables(folder, manifest)
    return found


def test_dense_units_give_the_dense_time(lenet5: Workbench, told: LatencyTable) -> None:
    for units in ({}, {"conv1": 0}):
        found = predict_latency(lenet5.manifest, told, units)
        assert found.seconds == found.low == found.high == found.dense_seconds == 2e-3
    shapes = shapes_of(lenet5.manifest)
    (modelled,) = predict_many(lenet5.manifest, told, shapes.removed([{}]))
    assert modelled == pytest.approx(1, abs=0.01)


def test_plans_never_seen_are_predicted_where_macs_alone_fail(
    lenet5: Workbench, told: LatencyTable
) -> None:
    plans = draws(lenet5.manifest, 20, seed=1)
    off = []
    for plan, real in zip(plans, truth(lenet5.manifest, plans), strict=True):
        found = predict_latency(lenet5.manifest, told, plan)
        assert not found.measured
        assert found.low <= found.seconds <= found.high
        off.append(abs(found.ratio / real - 1))
    assert np.median(off) < 0.02
    assert found.error is not None
    assert found.macs_error is not None
    assert found.error < 0.05 < found.macs_error
    assert 20 < found.combinations <= 30  # those that leave multiples do not count


def test_what_was_timed_itself_is_no_prediction(lenet5: Workbench, told: LatencyTable) -> None:
    plan = draws(lenet5.manifest, 1)[0]
    found = predict_latency(lenet5.manifest, told, plan)
    assert found.measured
    assert found.low < found.seconds < found.high
    assert found.seconds / found.low == pytest.approx(1 / 0.98)


def test_rows_of_the_same_rounds_do_not_vouch_for_each_other(
    lenet5: Workbench, tmp_path: Path
) -> None:
    """A busy machine that makes whole rounds slower or faster is in the stated error."""
    manifest, made = lenet5.manifest, np.random.default_rng(3)
    plans = draws(manifest, 60, seed=2)
    rows = []
    for place, (plan, ratio) in enumerate(zip(plans, truth(manifest, plans), strict=True)):
        if place % 5 == 0:
            slower = float(np.exp(made.normal(0, 0.1)))
        timed = row(manifest, plan, ratio * slower)
        rows.append(replace(timed, dense_seconds=2e-3 + 1e-6 * (place // 5)))
    stored_rows(tmp_path).append(rows)
    (table,) = tables(tmp_path, manifest)
    asked = draws(manifest, 200, seed=4)
    inside = []
    for plan, ratio in zip(asked, truth(manifest, asked), strict=True):
        found = predict_latency(manifest, table, plan)
        real = ratio * float(np.exp(made.normal(0, 0.1))) * found.dense_seconds
        inside.append(found.measured or found.low <= real <= found.high)
    assert np.mean(inside) >= 0.85
    assert found.error is not None
    assert found.error > 0.04


def test_models_that_leave_multiples_do_not_state_the_error(
    lenet5: Workbench, tmp_path: Path
) -> None:
    """They are easier: where enough others were timed, only those count."""
    manifest = lenet5.manifest
    plans = draws(manifest, 20)
    groups = {group.name: group.units for group in manifest.removable()}
    made = np.random.default_rng(5)
    easy = [random_units(groups, made, aligned=True) for _ in range(20)]
    easy = [units for units in easy if len(units) > 1]
    rows = [row(manifest, p, t) for p, t in zip(plans, truth(manifest, plans), strict=True)]
    rows += [row(manifest, p, t) for p, t in zip(easy, truth(manifest, easy), strict=True)]
    stored_rows(tmp_path).append(rows)
    (table,) = tables(tmp_path, manifest)
    assert predict_latency(manifest, table, {"conv1": 3}).combinations <= 20


def test_few_rows_promise_nothing(lenet5: Workbench, tmp_path: Path) -> None:
    stored_rows(tmp_path).append([row(lenet5.manifest, {"conv1": 4}, 0.9)])
    (table,) = tables(tmp_path, lenet5.manifest)
    found = predict_latency(lenet5.manifest, table, {"conv1": 9})
    assert found.error is None
    assert np.isnan(found.low)
    assert 0 < found.seconds <= found.dense_seconds


def test_settings_are_kept_apart(lenet5: Workbench, tmp_path: Path) -> None:
    manifest = lenet5.manifest
    stored_rows(tmp_path).append(
        [row(manifest, {"conv1": 4}, 0.9, "ONNX Runtime"), row(manifest, {"conv1": 4}, 0.8),
         replace(row(manifest, {"conv1": 4}, 0.7), batch=1)]
    )  # fmt: skip
    found = tables(tmp_path, manifest)
    assert [t.setting.runtime for t in found] == ["PyTorch", "PyTorch", "ONNX Runtime"]
    assert {t.setting.batch for t in found[:2]} == {1, 4}


def test_this_machines_tables_come_first(lenet5: Workbench, tmp_path: Path) -> None:
    manifest = lenet5.manifest
    one, two = row(manifest, {"conv1": 4}, 0.9), row(manifest, {"conv1": 6}, 0.8)
    here = replace(row(manifest, {"conv1": 4}, 0.9, "ONNX Runtime"), machine=machine())
    stored_rows(tmp_path).append([one, two, here])
    first, second = tables(tmp_path, manifest)
    assert (first.setting.machine, first.setting.elsewhere) == (machine(), False)
    assert (second.setting.machine, second.setting.elsewhere) == ("a CPU", True)


def test_another_network_is_refused(
    lenet5: Workbench, mlp: Workbench, told: LatencyTable, tmp_path: Path
) -> None:
    with pytest.raises(ForeignStudy, match="another network"):
        predict_latency(mlp.manifest, told, {})
    stored_rows(tmp_path).append([row(lenet5.manifest, {"conv1": 4}, 0.9)])
    assert tables(tmp_path, mlp.manifest) == ()
    with pytest.raises(BadValue, match="conv1 to be 0 to 19"):
        predict_latency(lenet5.manifest, told, {"conv1": 20})


def test_other_weights_of_the_same_shapes_share_a_table(lenet5: Workbench) -> None:
    other = replace(lenet5.manifest, fingerprint="f" * 16, parts={**lenet5.manifest.parts,
                                                                   "weights": "else"})  # fmt: skip
    assert graph_digest(other) == graph_digest(lenet5.manifest)
    tensors = (replace(other.tensors[0], shape=(9,)), *other.tensors[1:])
    assert graph_digest(replace(other, tensors=tensors)) != graph_digest(other)


def test_masks_of_weights_remove_no_units(lenet5: Workbench) -> None:
    choices = {"conv1": Choice("magnitude", 0.9), "conv2": Choice("l1", 0.5, "channel"),
               "fc1": Choice("l1", 0.0, "channel")}  # fmt: skip
    plan = Plan("mixed", lenet5.manifest.fingerprint, choices)
    assert plan_units(lenet5.manifest, plan) == {"conv2": 25}


def test_the_sentence_names_machine_and_error(lenet5: Workbench, told: LatencyTable) -> None:
    said = str(predict_latency(lenet5.manifest, told, {"conv1": 5}))
    assert "a CPU" in said
    assert "predicted" in said
    assert "held-out" in said
    timed = str(predict_latency(lenet5.manifest, told, draws(lenet5.manifest, 1)[0]))
    assert "measured" in timed
    assert "predicted" not in timed
