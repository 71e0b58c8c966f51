"""Every cell, mark and metric of the page *Curves* is recomputed from the store, and equal."""

import json
import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.dashboard.charts.heatmap import BEST
from prunescope.study.coupled_groups import freed, meetings
from prunescope.text import units
from tests.dashboard.page_texts import columns
from tests.dashboard.raw_store import Store

LAYER = "conv2"


def test_every_cell_of_the_layer_table_is_the_stores(
    curves_pages: Mapping[str, AppTest], store: Store
) -> None:
    manifest = store.study.manifest
    for granularity, at in curves_pages.items():
        table = columns(at, "Safe to")
        reach = min(
            own["sparsity"].max()
            for name in table["Layer"]
            for own in store.curves(name, granularity).values()
        )
        for row in table.to_dict("records"):
            name = row.pop("Layer")
            curves = store.curves(name, granularity)
            safe = store.safe(name, granularity, 0.01)
            suffix = "" if granularity == "weight" else f"@{granularity}"
            assert row.pop("Safe to") == pytest.approx(100 * safe[0] if safe else 0.0)
            assert row.pop("By") == (f"{safe[1]}{suffix}" if safe else "–")
            samples = row.pop("Samples")
            assert pd.isna(samples) if safe is None else samples == safe[2]["samples"]
            assert row.pop("Mean drop") == pytest.approx(
                100 * min(area(own, reach) for own in curves.values())
            )
            drawn = row.pop("Curve")
            lines = [[0.0, *(100 * own["drop"])] for own in curves.values()]
            assert any(drawn == pytest.approx(line) for line in lines)
            row.pop("Kind")
            if granularity == "weight":
                layer = manifest.layer(name)
                assert (row.pop("Weights"), row.pop("MACs")) == (layer.parameters, layer.macs)
            else:
                group = manifest.group(name)
                half = freed(manifest, {name: group.units // 2})
                assert (row.pop("Weights"), row.pop("MACs")) == (half.parameters, half.macs)
                assert row.pop("Units") == group.units
                row.pop("Layers")
            assert row == {}  # no column that nobody recomputed


def area(own: pd.DataFrame, reach: float) -> float:
    """Mean drop over 0 to ``reach``, linear between points, 0 at 0."""
    x = np.concatenate([[0.0], own["sparsity"].to_numpy(float)])
    y = np.concatenate([[0.0], own["drop"].to_numpy(float)])
    grid = np.unique(np.concatenate([x[x < reach], [reach]]))
    return float(np.trapezoid(np.interp(grid, x, y), grid) / reach)


def test_every_mark_of_the_chart_and_the_map_is_the_stores(
    curves_pages: Mapping[str, AppTest], store: Store
) -> None:
    for granularity, at in curves_pages.items():
        figures = [json.loads(chart.proto.spec) for chart in at.get("plotly_chart")]
        (heat,) = [f["data"][0] for f in figures if f["data"] and f["data"][0]["type"] == "heatmap"]
        table = columns(at, "Safe to")
        assert heat["y"] == list(table["Layer"])
        baseline = store.study.manifest.baseline
        assert baseline is not None
        guess = max(baseline.class_samples) / sum(baseline.class_samples)
        assert heat["zmax"] == pytest.approx(math.sqrt(100 * (baseline.score - guess)))
        seen = 0
        for name, line in zip(heat["y"], values(heat["z"], len(heat["y"])), strict=True):
            rows = store.rows(name, granularity)
            rows = rows[rows["recovery"] == "none"]
            best = rows.loc[rows.groupby("sparsity")["drop"].idxmin()]
            noise = (best["low"] <= 0) & (best["high"] >= 0)
            wanted = {
                0.0 if n else math.sqrt(max(100 * d, 0))
                for n, d in zip(noise, best["drop"], strict=True)
            }
            for value in line:
                if value is not None and not math.isnan(value):
                    assert any(math.isclose(value, each, abs_tol=1e-9) for each in wanted)
                    seen += 1
        assert seen >= len(heat["y"])
        assert at.segmented_control(key="heat method").value == BEST


def values(z: object, rows: int) -> list[list[float]]:
    """A matrix as Plotly writes it: lists, or numbers in base 64."""
    if isinstance(z, dict):
        import base64

        flat = np.frombuffer(base64.b64decode(z["bdata"]), np.dtype(z["dtype"]))
        found: list[list[float]] = flat.reshape(rows, -1).tolist()
        return found
    return z  # type: ignore[return-value]


def test_every_metric_of_the_curves_page_is_the_stores(
    curves_pages: Mapping[str, AppTest], store: Store
) -> None:
    manifest = store.study.manifest
    shown = {group.name: freed(manifest, {group.name: max(group.units // 2, 1)})
             for group in manifest.removable()}  # fmt: skip
    whole = {"parameters": manifest.parameters, "MACs": manifest.macs, "bytes": manifest.bytes}
    counted = 0
    for at in curves_pages.values():
        for metric in at.metric:
            kind = metric.label.removeprefix("Frees ")
            form = units.bytes_ if kind == "bytes" else units.count
            allowed = {
                (form(now), f"{units.percent(now / whole[kind])} of all")
                for each in shown.values()
                for now in [getattr(each, kind.lower())]
            }
            assert (metric.value, metric.delta) in allowed
            counted += 1
        for frame in (each.value for each in at.dataframe if "Left by both" in each.value.columns):
            group = next(
                name for name in shown
                if [m.layer for m in meetings(manifest, name, 1)] == list(frame["Layer"])
            )  # fmt: skip
            half = max(manifest.group(group).units // 2, 1)
            for row, met in zip(
                frame.to_dict("records"), meetings(manifest, group, half), strict=True
            ):
                assert row["Weights"] == met.elements
                assert row["Left"] == pytest.approx(met.alone / met.elements)
                assert row["Left by both"] == pytest.approx(met.together / met.elements)
    assert counted >= 6
