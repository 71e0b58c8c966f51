"""Drag the target to half the latency, lock a group, and watch everything follow."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from prunescope.latency.table.predict_time import tables
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study.plan import Plan
from tests.browser.steps import drag, lock, metric, only_budget, open_page

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1500)]
Settle = Callable[[Page], None]


@pytest.fixture
def study(timed_study: StudyFolder) -> StudyFolder:
    return timed_study


@pytest.fixture
def page(timed_page: Page) -> Page:
    return timed_page


def left(page: Page, label: str) -> Locator:
    """What the plan keeps of a cost, in percent."""
    return page.get_by_role("row").filter(has_text=label).get_by_role("cell").last


def places(page: Page) -> list[Locator]:
    """Everything that has to follow: sizes, MACs, latency, predicted accuracy."""
    labels = ("Parameters in tensors", "Bytes, dense tensors", "MACs, dense runtime")
    latency = page.get_by_role("row").filter(has_text="PyTorch").get_by_role("cell").nth(2)
    return [*(left(page, label) for label in labels), latency, metric(page, "Predicted top-1")]


def shown(page: Page) -> list[str]:
    return [place.inner_text() for place in places(page)]


def test_half_the_latency_with_a_lock(page: Page, study: StudyFolder, settle: Settle) -> None:
    open_page(page, "Plan", settle)
    only_budget(page, "latency", "Latency", settle)
    dense = shown(page)
    drag(page, "latency", 0.5, settle)
    for place, before in zip(places(page), dense, strict=True):
        expect(place).not_to_have_text(before)  # one by one: the page may still be drawing them
    settle(page)
    half = shown(page)
    expect(page.get_by_text(re.compile("Latency as on PyTorch"))).to_be_visible()
    expect(page.get_by_text("in nine plans of ten")).to_be_visible()
    (table, *_) = tables(study.folder, study.manifest)
    known = table.error(study.manifest) is not None  # a busy machine times too few models in 8 s
    assert bool(re.search(r"\d \([\d.]+ to [\d.]+\)", half[3])) is known
    told = re.search(r"Latency ([\d.]+) % of ([\d.]+) %", page.locator(".st-key-goal").inner_text())
    assert told is not None
    assert float(told[1]) <= float(told[2]) <= 55  # where the thumb was dropped

    lock(page, "conv1", settle)
    drag(page, "latency", 0.7, settle)
    expect(left(page, "MACs, dense runtime")).not_to_have_text(half[2])  # and all that is above it

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
