"""Drag the budget, lock a layer, and watch numbers, truth and front follow."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from prunescope.planning.pareto import load_front
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study.plan import Plan
from tests.browser.steps import drag, lock, metric, only_budget, open_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]
Settle = Callable[[Page], None]


def kept(page: Page) -> Locator:
    """Non-zero parameters that the plan keeps, in percent."""
    return page.get_by_role("row").filter(has_text="Non-zero parameters").get_by_role("cell").last


def test_a_dragged_budget_is_solved_measured_and_on_the_front(
    page: Page, folder: Path, settle: Settle
) -> None:
    study = StudyFolder.open(folder / "mlp")
    open_page(page, "Plan", settle)
    only_budget(page, "parameters", "Non-zero parameters", settle)
    dense = metric(page, "Predicted top-1").inner_text()

    drag(page, "parameters", 0.5, settle)
    expect(page.get_by_text("plan of measured sparsities").first).to_be_visible()
    expect(metric(page, "Predicted top-1")).not_to_have_text(dense)
    expect(kept(page)).not_to_have_text("100.0 %")  # drawn after what is predicted
    half = float(kept(page).inner_text().rstrip(" %"))
    assert 20 < half <= 60

    lock(page, "fc3", settle)

    drag(page, "parameters", 0.3, settle)
    expect(kept(page)).not_to_have_text(f"{half:.1f} %")
    less = float(kept(page).inner_text().rstrip(" %"))
    assert less < half

    # nobody presses a button: the truth arrives by itself, beside what was predicted
    expect(metric(page, "Measured top-1")).to_contain_text("%")
    rows = study.verified().to_dict("records")
    shown = metric(page, "Measured top-1").inner_text()
    (row,) = [r for r in rows if f"{100 * r['score_sum'] / r['samples']:.2f} %" == shown]
    plan = from_json(Plan, row["plan"], "the measured plan")
    assert plan.choices["fc3"].locked

    page.get_by_role("button", name="Sweep the front").click()
    expect(page.get_by_role("button", name="Sweep it again")).to_be_visible()
    found = load_front(study.folder, "parameters", "none", study.manifest.fingerprint)
    assert found is not None
    assert len(found.points) > 2
    chart = page.locator(".st-key-front .js-plotly-plot").last
    for words in ("Front, predicted", "Measured plans", "This plan, measured"):
        expect(chart).to_contain_text(words)
