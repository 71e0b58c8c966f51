"""Press for the best few to be measured, look elsewhere, and find the best one as the plan."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from prunescope.jobs import ACTIVE, jobs
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from tests.browser.steps import Settle, Shared, drag, metric, only_budget, open_page

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1500)]


def test_the_best_few_are_measured_and_the_best_is_the_plan(
    page: Page, folder: Path, settle: Settle
) -> None:
    study = StudyFolder.open(folder / "mlp")
    shared = Shared(page, study.manifest, settle)
    open_page(page, "Plan", settle)
    page.get_by_text("Measure when it rests").click()  # here the search measures, and nobody else
    settle(page)
    only_budget(page, "parameters", "Non-zero parameters", settle)
    page.get_by_role("button", name="Settings").click()
    field = page.get_by_role("spinbutton", name="Plans to measure")
    field.fill("3")
    field.press("Enter")
    settle(page)
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
    drag(page, "parameters", 0.5, settle)
    solved = shared.now()
    assert solved.active()

    page.get_by_role("button", name="Other plans").click()
    page.get_by_role("menuitem", name="Measure the best few", exact=True).click()
    expect(page.get_by_text("best few plans are being measured")).to_be_visible()
    open_page(page, "Study", settle)  # what was asked is kept while another page is looked at
    (job,) = jobs(study.folder)
    while job.state() in ACTIVE:
        page.wait_for_timeout(100)
    assert job.state() == "done", job.log()
    open_page(page, "Plan", settle)
    goal = page.locator(".st-key-goal")
    expect(goal).to_contain_text("the least of 3 plans")

    rows = study.verified().to_dict("records")
    assert len(rows) == 3
    best = min(rows, key=lambda row: row["divergence_sum"])
    taken = shared.now(changed=False)
    assert taken.digest == best["digest"]
    found = preview(study.manifest, taken, study.measured())
    assert found.kept <= 0.55 * found.parameters  # where the thumb was dropped
    expect(metric(page, "Measured top-1")).to_have_text(
        f"{100 * best['score_sum'] / best['samples']:.2f} %"
    )
    page.get_by_role("button", name="Undo").click()
    expect(goal).not_to_contain_text("the least of")
