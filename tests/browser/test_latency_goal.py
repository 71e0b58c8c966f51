"""Drag the target to half the latency, lock a group, and watch everything follow."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from analysis.planning.plan import Plan
from analysis.store.documents import from_json
from analysis.store.folder import Study
from benchmarks._images import first_images
from tests.browser.conftest import opened_at, serving
from tests.browser.steps import drag, lock, metric, only_budget, open_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]
Settle = Callable[[Page], None]

IMAGES = {"calibration": 128, "validation": 500, "test": 50}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """LeNet-5 with curves of its channels on a few images and a latency table, by the real CLI."""
    folder = tmp_path_factory.mktemp("units")
    data = first_images(folder / "images.npz", IMAGES)
    made = str(folder / "lenet5")
    for arguments in (
        ["sweep", "sample:lenet5", "--data", str(data), "--study", made,
         "--methods", "l1@channel", "--sparsities", "0.25,0.5,0.75", "--no-screen"],
        ["time", made, "--batch", "8", "--budget", "5"],
    ):  # fmt: skip
        subprocess.run(
            [sys.executable, "-m", "analysis.cli", *arguments], check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    return Study.open(Path(made))


@pytest.fixture
def page(browser: Browser, study: Study) -> Iterator[Page]:
    with serving(study.folder.parent) as address, opened_at(browser, address) as opened:
        yield opened


def left(page: Page, label: str) -> Locator:
    """What the plan keeps of a cost, in percent."""
    return page.get_by_role("row").filter(has_text=label).get_by_role("cell").last


def shown(page: Page) -> list[str]:
    """Everything that has to follow: sizes, MACs, latency, predicted accuracy."""
    labels = ("Parameters in tensors", "Bytes, dense tensors", "MACs, dense runtime")
    texts = [left(page, label).inner_text() for label in labels]
    latency = page.get_by_role("row").filter(has_text="PyTorch").get_by_role("cell").nth(2)
    return [*texts, latency.inner_text(), metric(page, "Predicted top-1").inner_text()]


def test_half_the_latency_with_a_lock(page: Page, study: Study, settle: Settle) -> None:
    open_page(page, "Plan", settle)
    only_budget(page, "latency", "Latency", settle)
    dense = shown(page)
    drag(page, "latency", 0.5, settle)
    expect(metric(page, "Predicted top-1")).not_to_have_text(dense[-1])
    expect(page.get_by_text(re.compile("Latency as on PyTorch"))).to_be_visible()
    half = shown(page)
    assert all(before != now for before, now in zip(dense, half, strict=True))
    told = re.search(r"Latency ([\d.]+) % of ([\d.]+) %", page.locator(".st-key-goal").inner_text())
    assert told is not None
    assert float(told[1]) <= float(told[2]) <= 55  # where the thumb was dropped

    lock(page, "conv1", settle)
    drag(page, "latency", 0.7, settle)
    expect(left(page, "MACs, dense runtime")).not_to_have_text(half[2])

    # nobody presses a button: the truth arrives by itself, beside what was predicted
    expect(metric(page, "Measured top-1")).to_contain_text("%")
    score = metric(page, "Measured top-1").inner_text()
    plans = [
        from_json(Plan, row["plan"], "the measured plan")
        for row in study.verified().to_dict("records")
        if f"{100 * row['score_sum'] / row['samples']:.2f} %" == score
    ]
    assert any("conv1" in plan.choices and plan.choices["conv1"].locked for plan in plans)
    expect(page.locator(".st-key-front .js-plotly-plot").last).to_contain_text(
        "This plan, measured"
    )
