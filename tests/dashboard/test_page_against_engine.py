"""What the pages *Curves* and *Plan* say is recomputed from the store, and equal.

What the page *Curves* says is gathered whole. Each expected sentence is taken out of it; a number
that is left over is one that nobody recomputed, and fails.
"""

import json
import math
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import Workbench
from prunescope.curves.chance import chance, verdict_sentences
from prunescope.curves.curve import curves
from prunescope.curves.means import measured_points
from prunescope.curves.seeds import over_seeds
from prunescope.dashboard.charts.heatmap import BEST
from prunescope.dashboard.shared.link import encode_plan
from prunescope.planning.prediction.predict import predict
from prunescope.progress import Silent
from prunescope.soundness.check_bench import check_bench
from prunescope.statistics.paired import paired_interval
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.study.coupled_groups import freed, meetings, units_at_share
from prunescope.study.network_size import shrunk
from prunescope.study.plan import Choice, Plan
from prunescope.study.soundness import concerns
from prunescope.sweep.runner import sweep
from prunescope.text import units
from prunescope.text.scores import PERCENT_WORDS
from tests.dashboard.page import Open

drop = PERCENT_WORDS.drop

LAYER = "conv2"
KINDS = ("markdown", "caption", "info", "warning", "error", "subheader", "header", "title")


@pytest.fixture(scope="module")
def checked_once(
    timed_once: Path, lenet5: Workbench, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The timed study with controls, three seeds each, and with its checks, two of which fail."""
    folder = Path(shutil.copytree(timed_once, tmp_path_factory.mktemp("against") / "studies"))
    study = StudyFolder.open(folder / "lenet5")
    wide = (Method("random", "channel"), Method("magnitude"), Method("random"))
    sweep(lenet5, study, Grid(wide[:1], (0.25, 0.5, 0.75), (), ("none", "ls")), Silent())
    sweep(lenet5, study, Grid(wide[1:], (0.3, 0.5, 0.9)), Silent())
    study = StudyFolder.open(folder / "lenet5")
    few = replace(lenet5, splits=replace(lenet5.splits, test=lenet5.splits.validation))
    study.update(replace(study.manifest, soundness=check_bench(few, "top-1")))
    return folder


@dataclass(frozen=True)
class Store:
    """The raw rows of a study, and what follows from them by plain arithmetic."""

    study: StudyFolder
    frame: pd.DataFrame

    def rows(self, subject: str, granularity: str) -> pd.DataFrame:
        """The rows of one subject with something removed, seeds of a control together."""
        rows = self.frame[
            (self.frame["subject"] == subject)
            & (self.frame["granularity"] == granularity)
            & (self.frame["removed"] > 0)
        ]
        ends = [
            paired_interval(n, total, squares)
            for n, total, squares in zip(
                rows["samples"], rows["drop_sum"], rows["drop_squares"], strict=True
            )
        ]
        rows = rows.assign(
            drop=[end.mean for end in ends], high=[end.high for end in ends],
            low=[end.low for end in ends], score=rows["score_sum"] / rows["samples"],
        )  # fmt: skip
        keys = ["criterion", "recovery", "sparsity"]
        return rows.groupby(keys, sort=False).agg(
            drop=("drop", "mean"), high=("high", "mean"), low=("low", "mean"),
            score=("score", "mean"), samples=("samples", "min"), seeds=("seed", "nunique"),
        ).reset_index()  # fmt: skip

    def curves(self, subject: str, granularity: str) -> dict[str, pd.DataFrame]:
        """Criterion → its points without recovery, by sparsity."""
        rows = self.rows(subject, granularity)
        rows = rows[rows["recovery"] == "none"]
        return {
            str(name): own.sort_values("sparsity")
            for name, own in rows.groupby("criterion", sort=True)
        }

    def safe(
        self, subject: str, granularity: str, limit: float
    ) -> tuple[float, str, dict[str, float]] | None:
        """The largest sparsity with all upper ends within the limit; its criterion and point."""
        best = None
        for name, own in self.curves(subject, granularity).items():
            within = (own["high"] <= limit + 1e-12).to_numpy()
            count = len(within) if within.all() else int(within.argmin())
            if count:
                point = own.iloc[count - 1].to_dict()
                if best is None or point["sparsity"] > best[0]:
                    best = (float(point["sparsity"]), name, point)
        return best


def plain(text: str) -> str:
    """Without Markdown's marks."""
    return re.sub("[\\\\`*\u2060]|:material/[a-z_]+:", "", text)


def said(at: AppTest) -> Iterator[str]:
    """Everything that the page says in words, expanders' titles too; the share link aside."""
    for kind in KINDS:
        for element in at.get(kind):
            yield plain(element.value)
    for expander in at.expander:
        yield plain(expander.label)


def left_over(texts: Iterator[str], expected: list[str]) -> list[str]:
    """The texts that still hold a digit once every expected sentence is taken out."""
    known = sorted((plain(sentence) for sentence in expected), key=len, reverse=True)
    rest = []
    for text in texts:
        for sentence in known:
            text = text.replace(sentence, "")
        if re.search(r"\d", text):
            rest.append(text)
    return rest


def everywhere(study: StudyFolder) -> list[str]:
    """What stands above every page."""
    manifest = study.manifest
    assert manifest.baseline is not None
    return [
        f"{manifest.reference.model} on {manifest.reference.data} · dense top-1 "
        f"{100 * manifest.baseline.score:.2f} % · {units.count(manifest.parameters)} parameters · "
        f"{units.count(manifest.macs)} MACs",
        *(check.sentence for check in concerns(manifest.soundness)),
    ]


def of_layer(store: Store, name: str, granularity: str, limit: float) -> list[str]:
    """What is said beside the chart of one layer or group."""
    manifest, rows = store.study.manifest, store.rows(name, granularity)
    noun = "layer" if granularity == "weight" else "group"
    samples = int(rows["samples"].min())
    expected = [
        f"Only this {noun} is pruned. Bands: the 95 % interval of each point's mean drop, over "
        f"samples like these, from {samples} samples a point."
    ]
    safe = store.safe(name, granularity, limit)
    suffix = "" if granularity == "weight" else f"@{granularity}"
    if safe is not None:
        sparsity, criterion, point = safe
        expected.append(
            f"Safe to {100 * sparsity:g} % within {100 * limit:.2f} pt: by {criterion}{suffix} "
            f"without recovery. The mean drop there is {drop(point['drop'])}, at most "
            f"{drop(point['high'])} by its 95 % interval over samples like these, from "
            f"{int(point['samples'])} samples."
        )
    else:
        firsts = [own.iloc[0] for own in store.curves(name, granularity).values()]
        first = min(firsts, key=lambda point: point["high"])
        expected.append(
            f"Nothing is called safe within {100 * limit:.2f} pt: the least upper end of a 95 % "
            f"interval of the mean drop is {drop(first['high'])}, at "
            f"{100 * first['sparsity']:g} %."
        )
        least = paired_interval(int(first["samples"]), 0.0, 0.0).high
        if least > limit:
            expected.append(
                f"From {int(first['samples'])} samples no interval ends below "
                f"{drop(least)}, even without any change"
            )
    points = over_seeds(measured_points(store.frame, manifest.scale))
    own = points[(points["subject"] == name) & (points["granularity"] == granularity)]
    verdicts = chance(own)
    expected += verdict_sentences(verdicts[:4])
    expected.append(f"{len(verdicts) - 4} more curve")
    if rows["seeds"].max() > 1:
        expected.append(f"Of random, the mean of {rows['seeds'].max()} seeds in a band")
    if granularity == "weight":
        (layer,) = [each for each in manifest.layers if each.name == name]
        expected.append(
            f"{name} — {layer.kind}, {' × '.join(map(str, layer.shape))}, "
            f"{units.count(layer.parameters)} weights, {100 * layer.macs / manifest.macs:.1f} % of "
            "all MACs"
        )
    else:
        group = manifest.group(name)
        expected.append(
            f"{name} — {group.units} channels that leave together from {len(group.layers)} layers"
        )
        expected.append(f"One of {group.units} channels is {100 / group.units:.2f} %: smaller")
    return expected


def of_groups(store: Store, names: list[str]) -> list[str]:
    """What is said of the groups that are shown, half of whose units leave."""
    manifest = store.study.manifest
    expected = []
    for group in (each for each in manifest.groups if each.name in names):
        if group.reason is not None:
            continue
        half = max(group.units // 2, 1)
        left = shrunk(manifest, units_at_share(manifest, "channel", half / group.units))
        expected += [
            f"{group.units} channels that leave together, one decision for {len(group.layers)} "
            "layers.",
            f"The same share ({100 * half / group.units:.0f} %) out of every group of channels "
            f"frees {100 * (1 - left.parameters / manifest.parameters):.0f} % of the model's "
            f"parameters and {100 * (1 - left.macs / manifest.macs):.0f} % of its MACs",
            "its outputs "
            + (
                f"differ by {group.law_error:.0e} of their scale from"
                if group.law_error
                else "equal"
            )
            + " those of the dense network in which the same ones are silenced.",
            f"Checked on this model: without half of these {group.granularity}s",
            f"{group.units} channels",
        ]
        expected += group.layers
    return expected


def of_map(store: Store) -> str:
    """The caption of the map: colours end at guessing."""
    baseline = store.study.manifest.baseline
    assert baseline is not None
    guess = max(baseline.class_samples) / sum(baseline.class_samples)
    return (
        f"strongest at {100 * (baseline.score - guess):.1f} pt, as bad as always answering the "
        "most frequent class. A dot is a drop whose 95 % interval contains 0"
    )


@pytest.fixture
def store(checked_once: Path) -> Store:
    study = StudyFolder.open(checked_once / "lenet5")
    return Store(study, study.measured())


@pytest.fixture
def opened(checked_once: Path, open_page: Open) -> Mapping[str, AppTest]:
    """The page with weights in sight, and with channels."""
    at = open_page(checked_once, "curves", layer=LAYER)
    pages = {"weight": at}
    other = open_page(checked_once, "curves", layer=LAYER)
    other.segmented_control(key="curves granularity").set_value("channel").run()
    pages["channel"] = other
    return pages


def columns(at: AppTest, *names: str) -> pd.DataFrame:
    (found,) = [each.value for each in at.dataframe if set(names) <= set(each.value.columns)]
    return found


def test_every_sentence_of_the_curves_page_is_the_stores(
    opened: Mapping[str, AppTest], store: Store
) -> None:
    for granularity, at in opened.items():
        assert not at.exception
        for limit in (0.01, 0.05):
            at.number_input(key="limit").set_value(100 * limit).run()
            table = columns(at, "Safe to")
            expected = [
                *everywhere(store.study),
                *of_layer(store, LAYER, granularity, limit),
                *of_groups(store, [LAYER, "conv1", "fc1", "fc2", "fc3"]),
                of_map(store),
                f"{len(table)} {'layers' if granularity == 'weight' else 'groups'} — choose one",
                LAYER,
            ]
            assert left_over(said(at), expected) == [], f"{granularity}, {limit}"


def test_a_number_that_nobody_recomputed_would_be_noticed(
    opened: Mapping[str, AppTest], store: Store
) -> None:
    known = everywhere(store.study)
    assert left_over(iter([*known, "Safe to 90 %."]), known) == ["Safe to 90 %."]
    wrong = [known[0].replace("dense top-1 ", "dense top-1 1")]
    assert left_over(iter(known[:1]), wrong) == known[:1]


def test_every_cell_of_the_layer_table_is_the_stores(
    opened: Mapping[str, AppTest], store: Store
) -> None:
    manifest = store.study.manifest
    for granularity, at in opened.items():
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
    opened: Mapping[str, AppTest], store: Store
) -> None:
    for granularity, at in opened.items():
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
    opened: Mapping[str, AppTest], store: Store
) -> None:
    manifest = store.study.manifest
    shown = {group.name: freed(manifest, {group.name: max(group.units // 2, 1)})
             for group in manifest.removable()}  # fmt: skip
    whole = {"parameters": manifest.parameters, "MACs": manifest.macs, "bytes": manifest.bytes}
    counted = 0
    for at in opened.values():
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


def test_numbers_of_the_plan_page_are_the_engines(checked_once: Path, open_page: Open) -> None:
    """What is predicted and measured of the plan in the link, and every measured plan."""
    study = StudyFolder.open(checked_once / "lenet5")
    manifest = study.manifest
    half = Plan("half", manifest.fingerprint, {
        "conv1": Choice("magnitude", 0.5), "fc1": Choice("magnitude", 0.9)})  # fmt: skip
    at = open_page(checked_once, "plan", plan=encode_plan(half, manifest))
    assert not at.exception
    known = curves(study.measured(), manifest)
    expected = predict(manifest, half, known, study.verified(), study.logits)
    assert expected.drop is not None
    assert manifest.baseline is not None
    (shown,) = [each for each in at.metric if each.label.startswith("Predicted top-1")]
    assert shown.value.startswith(f"{100 * (manifest.baseline.score - expected.drop):.2f} %")
    rows = columns(at, "Alone", "Layer").set_index("Layer")
    store = Store(study, study.measured())
    for name, choice in half.choices.items():
        own = store.rows(name, "weight")
        (point,) = own[
            (own["criterion"] == choice.criterion)
            & (own["sparsity"] == choice.sparsity)
            & (own["recovery"] == "none")
        ].to_dict("records")
        assert rows.loc[name, "Alone"] == pytest.approx(100 * point["drop"])
        assert rows.loc[name, "±"] == pytest.approx(50 * (point["high"] - point["low"]))
    measured = columns(at, "Off by", "Drop")
    assert len(measured) == len(study.verified()) > 0
    by_drop = sorted(100 * study.verified()["drop_sum"] / study.verified()["samples"])
    assert sorted(measured["Drop"]) == pytest.approx(by_drop)
    for row in measured.to_dict("records"):
        assert row["Off by"] == pytest.approx(row["Predicted"] - row["Drop"], nan_ok=True)
