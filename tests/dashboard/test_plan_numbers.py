"""Every cell and mark of the page *Plan* is recomputed from the store, and equal."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.shared.link import encode_plan
from prunescope.latency.table.predict_time import plan_units, predict_latency, tables
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study.coupled_groups import freed
from prunescope.study.network_size import shrunk
from prunescope.study.plan import Choice, Plan
from prunescope.study.removed_counts import removed_units
from prunescope.text import units
from tests.dashboard.page import Open, budget
from tests.dashboard.page_texts import columns
from tests.dashboard.plan_words import PlanTruth
from tests.dashboard.raw_store import Store

WEIGHTS = {"conv1": Choice("magnitude", 0.5), "fc1": Choice("magnitude", 0.9)}
CHANNELS = {"conv2": Choice("l1", 0.5, "channel"), "fc1": Choice("taylor", 0.6, "channel")}


@pytest.fixture(params=[WEIGHTS, CHANNELS], ids=["weight", "channel"])
def shown(
    request: pytest.FixtureRequest, checked_once: Path, open_page: Open
) -> tuple[AppTest, PlanTruth]:
    study = StudyFolder.open(checked_once / "lenet5")
    plan = Plan("shown", study.manifest.fingerprint, request.param)
    at = open_page(checked_once, "plan", plan=encode_plan(plan, study.manifest))
    grouped = request.param is CHANNELS
    if grouped:
        at.segmented_control(key="plan granularity").set_value("channel").run()
    assert not at.exception
    return at, PlanTruth(study, plan)


def table_of(at: AppTest, column: str) -> dict[str, Mapping[str, object]]:
    """The table with ``column``: first cell → the row."""
    (found,) = [each.value for each in at.table if column in each.value.columns]
    rows = found.rename(columns={found.columns[0]: "name"}).to_dict("records")
    return {str(row["name"]): row for row in rows}


def test_every_cost_is_counted(shown: tuple[AppTest, PlanTruth]) -> None:
    at, truth = shown
    manifest, plan = truth.study.manifest, truth.plan
    left = shrunk(manifest, plan_units(manifest, plan))
    zeros = {
        name: round(choice.sparsity * manifest.layer(name).parameters)
        for name, choice in plan.active().items() if choice.granularity == "weight"
    }  # fmt: skip
    kept = left.parameters - sum(zeros.values())
    idle = sum(
        manifest.layer(name).macs * count / manifest.layer(name).parameters
        for name, count in zeros.items()
    )
    packed = sum(
        min(-(-layer.parameters // 8) - 4 * zeros[layer.name], 0)
        for layer in manifest.layers if layer.name in zeros
    )  # fmt: skip
    wanted = {
        "Non-zero parameters": (units.count, manifest.parameters, kept),
        "Parameters in tensors": (units.count, manifest.parameters, left.parameters),
        "Bytes, dense tensors": (units.bytes_, manifest.bytes, left.bytes),
        "Bytes, bit mask and values": (units.bytes_, manifest.bytes, left.bytes + packed),
        "MACs, dense runtime": (units.count, manifest.macs, left.macs),
        "MACs by non-zero weights": (units.count, manifest.macs, left.macs - idle),
    }
    rows = table_of(at, "Left")
    for name, (form, dense, now) in wanted.items():
        row = rows.pop(name)
        assert (row["Dense"], row["Plan"]) == (form(dense), f"**{form(now)}**"), name
        assert row["Left"] == f"{100 * now / dense:.1f} %", name
    ((name, row),) = rows.items()
    assert name.startswith("Bytes, deflated")
    store = Store(truth.study, truth.study.measured())
    if zeros:  # both at measured points
        saved = 0
        for layer, choice in plan.active().items():
            own = store.frame[
                (store.frame["subject"] == layer) & (store.frame["criterion"] == choice.criterion)
                & (store.frame["granularity"] == "weight")
                & (store.frame["sparsity"] == choice.sparsity)
            ]  # fmt: skip
            saved += 4 * manifest.layer(layer).parameters - int(own["compressed_bytes"].iloc[0])
        assert row["Plan"] == f"**{units.bytes_(manifest.bytes - saved)}**"


def test_every_layers_row_is_the_stores(shown: tuple[AppTest, PlanTruth]) -> None:
    at, truth = shown
    manifest, store = truth.study.manifest, Store(truth.study, truth.study.measured())
    rows = columns(at, "Alone", "Layer").set_index("Layer")
    for name, row in rows.iterrows():
        choice = truth.plan.choices.get(str(name))
        assert row["Sparsity"] == (100 * choice.sparsity if choice else 0)
        if choice is None:
            assert (row["Alone"], row["±"]) == (0, 0)
            continue
        grouped = choice.granularity != "weight"
        real = choice.sparsity
        if grouped:
            group = manifest.group(str(name))
            gone = removed_units(group.units, choice.sparsity)
            real, size = gone / group.units, freed(manifest, {str(name): gone})
            assert row["Units"] == f"{group.units - gone} of {group.units}"
            assert (row["Weights"], row["MACs"]) == (
                size.parameters, pytest.approx(100 * size.macs / manifest.macs),
            )  # fmt: skip
        own = store.rows(str(name), choice.granularity)
        own = own[(own["criterion"] == choice.criterion) & (own["recovery"] == "none")]
        own = own.sort_values("sparsity")
        places = [0.0, *own["sparsity"]]
        assert row["Alone"] == pytest.approx(100 * np.interp(real, places, [0, *own["drop"]]))
        half = [0.0, *((own["high"] - own["low"]) / 2)]
        assert row["±"] == pytest.approx(100 * np.interp(real, places, half))
        assert row["Curve"] == pytest.approx([0.0, *(100 * own["drop"])])


def test_every_measured_plan_is_the_stores(shown: tuple[AppTest, PlanTruth]) -> None:
    at, truth = shown
    table = columns(at, "Off by", "Drop")
    verified = truth.study.verified().to_dict("records")
    assert len(table) == len(verified) > 0
    for row, real in zip(table.to_dict("records"), verified, strict=True):
        plan, drop = from_json(Plan, real["plan"], "it"), real["drop_sum"] / real["samples"]
        guess = truth.predicted(plan).drop
        assert guess is not None
        assert row["Plan"] == plan.name
        assert row["Score"] == pytest.approx(100 * real["score_sum"] / real["samples"])
        assert row["Drop"] == pytest.approx(100 * drop)
        assert row["Predicted"] == pytest.approx(100 * guess)
        assert row["Off by"] == pytest.approx(100 * (guess - drop))
        assert row["Removed"] == pytest.approx(
            100 * real["removed"] / truth.study.manifest.parameters
        )
        assert (row["Layers"], row["Samples"]) == (len(plan.active()), real["samples"])


def test_every_time_is_predicted_from_the_tables(shown: tuple[AppTest, PlanTruth]) -> None:
    at, truth = shown
    gone = plan_units(truth.study.manifest, truth.plan)
    rows = table_of(at, "Plan, ms")
    for table in tables(truth.study.folder, truth.study.manifest):
        found = predict_latency(truth.study.manifest, table, gone)
        (row,) = [row for name, row in rows.items() if name.startswith(table.setting.runtime)]
        assert row["Dense, ms"] == f"{1000 * found.dense_seconds:.3g}"
        assert str(row["Plan, ms"]).startswith(f"**{1000 * found.seconds:.3g}**")
        how = "measured" if found.measured else "predicted"
        assert str(row["How"]).startswith(how)
        if not found.measured:
            assert f"off by {100 * (found.error or 0):.1f} %" in str(row["How"])


def test_every_measured_mark_of_the_trade_off_is_the_stores(
    checked_once: Path, open_page: Open
) -> None:
    study = StudyFolder.open(checked_once / "lenet5")
    at = budget(open_page(checked_once, "plan"), 60, "macs")
    figures = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
    traces = [trace for figure in figures for trace in figure["data"]]
    (marks,) = [trace for trace in traces if trace.get("name") == "Measured plans"]
    (edge,) = [trace for trace in traces if trace.get("name") == "Measured plans, further down"]
    wanted = []
    for row in study.verified().to_dict("records"):
        plan = from_json(Plan, row["plan"], "it")
        size = shrunk(study.manifest, plan_units(study.manifest, plan))
        wanted.append((size.macs / study.manifest.macs, row["score_sum"] / row["samples"]))
    past = edge["meta"]["y"]  # as its file of numbers has it
    assert [float(row[2].split(" %")[0]) for row in edge["customdata"]] == np.round(
        past, 2
    ).tolist()
    assert past
    assert max(past) < min(numbers(edge["y"])), "it says that it is past the chart's end"
    shown = zip(numbers(marks["x"]), numbers(marks["y"]), strict=True)
    found = sorted([*shown, *zip(numbers(edge["x"]), past, strict=True)])
    np.testing.assert_allclose(found, 100 * np.array(sorted(wanted)))


def numbers(values: object) -> list[float]:
    """An axis as Plotly writes it: a list, or numbers in base 64."""
    if isinstance(values, dict):
        import base64

        flat = np.frombuffer(base64.b64decode(values["bdata"]), np.dtype(values["dtype"]))
        return [float(value) for value in flat]
    return [float(value) for value in pd.Series(values)]
