"""Residual blocks on the pages: a bar each, and a row of the plan that removes one whole."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from prunescope.bench.workbench import prepare
from prunescope.curves.block_drops import block_drops
from prunescope.curves.curve import curves
from prunescope.dashboard.charts.removed_blocks import block_figure
from prunescope.dashboard.tables.plan import plan_table
from prunescope.dashboard.views.plan.painter_values import Subject, bars, painted
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.study.plan import Choice, Plan
from prunescope.study.recoveries import TITLES
from prunescope.sweep.runner import sweep
from prunescope.text.scores import words_of
from tests.dashboard.page import draft, texts

Open = Callable[..., AppTest]
BYPASS = Method.parse("bypass")
NAMES = ["blocks.0", "blocks.1", "blocks.2"]


@pytest.fixture(scope="module")
def swept(residual_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the residual study, its blocks measured without recovery and with."""
    folder = tmp_path_factory.mktemp("blocks") / "studies"
    shutil.copytree(residual_once, folder / "residual")
    study = StudyFolder.open(folder / "residual")
    bench = prepare(study.manifest.reference, study.folder)
    sweep(bench, study, Grid((BYPASS,), (1.0,), (), ("none", "bn")), Silent())
    return folder


@pytest.fixture
def studies(swept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(swept, tmp_path / "studies"))


def test_bars_hold_the_measured_drops(swept: Path) -> None:
    study = StudyFolder.open(swept / "residual")
    words = words_of(study.manifest)
    drops = block_drops(curves(study.measured(), study.manifest).values(), study.manifest)
    figure = block_figure(drops, False, words)
    assert [trace.name for trace in figure.data] == [TITLES["none"], TITLES["bn"]]
    shown = dict(zip(figure.data[0].y, figure.data[0].x, strict=True))
    measured = {d.block.name: d.point.drop for d in drops if d.recovery == "none"}
    assert shown == {name: words.shown_drop(drop) for name, drop in measured.items()}
    least = [min(d.point.drop for d in drops if d.block.name == name)
             for name in dict.fromkeys(d.block.name for d in drops)]  # fmt: skip
    assert least == sorted(least)


def test_a_row_shows_what_leaving_costs_and_any_number_removes_the_block(swept: Path) -> None:
    study = StudyFolder.open(swept / "residual")
    known = curves(study.measured(), study.manifest)
    plan = Plan("p", study.manifest.fingerprint)
    table = plan_table(study.manifest, plan, plan, known, NAMES, BYPASS)
    assert (table["Alone"] > 0).all()
    assert (table["MACs"] > 0).all()
    assert table["Units"].tolist() == ["whole"] * 3
    on_page = [Subject(name, BYPASS) for name in NAMES]
    made = bars(study.manifest, plan, known, on_page)
    assert [bar["pattern"] for bar in made] == [1.0] * 3
    edit = {"names": NAMES, "values": [0.0, 0.2, 0.0]}
    assert painted(plan, edit, on_page).active() == {"blocks.1": Choice("bypass", 1.0, "block")}


def test_pages_show_blocks_and_a_plan_removes_one(studies: Path, open_page: Open) -> None:
    study = StudyFolder.open(studies / "residual")
    at = open_page(studies, "study")
    assert not at.exception
    assert "Blocks: what leaves whole" in texts(at)
    at = open_page(studies, "curves")
    at.segmented_control(key="curves granularity").set_value("block").run()
    assert not at.exception
    assert "**3 blocks**, the cheapest first" in texts(at)
    at = open_page(studies, "plan")
    at.segmented_control(key="plan granularity").set_value("block").run()
    assert "0 of 3 shown blocks are pruned" in texts(at)
    at.number_input(key="bulk block").set_value(30.0).run()
    at.button(key="bulk apply").click().run()
    assert not at.exception
    assert set(draft(at, study).active()) == set(NAMES)
    assert "3 of 3 shown blocks are pruned" in texts(at)
