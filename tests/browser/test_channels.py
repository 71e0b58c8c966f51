"""Channels in a real browser: measured, planned, exported, and really fewer in a fresh Python."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.browser.steps import Settle, exported, open_page

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1500)]


def channels(page: Page, settle: Settle) -> None:
    page.get_by_text("Channels leave", exact=True).click()
    settle(page)


def test_channels_from_a_sweep_to_a_really_smaller_model(
    page: Page, folder: Path, settle: Settle, tmp_path: Path, warm_python: Path
) -> None:
    study = StudyFolder.open(folder / "mlp")
    expect(page.get_by_text("fc3: not prunable, because it is read as")).to_be_visible()
    channels(page, settle)
    sparsities = page.locator(".st-key-sweep-sparsities input")
    sparsities.fill("0.5")
    sparsities.press("Enter")
    page.get_by_role("button", name="Measure 2 points").click()
    expect(page.get_by_role("button", name="Everything is measured")).to_be_visible()
    rows = study.measured().query("granularity == 'channel'")
    assert sorted(zip(rows["subject"], rows["removed"], strict=True)) == [("fc1", 150), ("fc2", 50)]

    open_page(page, "Curves", settle)
    channels(page, settle)
    expect(page.get_by_text("300 channels that leave together", exact=True)).to_be_visible()
    expect(page.get_by_text("Checked on this model")).to_be_visible()

    open_page(page, "Plan", settle)
    channels(page, settle)
    page.get_by_role("button", name="Apply to 2").click()
    expect(page.get_by_text("2 of 2 shown groups are pruned")).to_be_visible()

    parameters, _ = exported(page, settle, tmp_path, warm_python)
    manifest = StudyFolder.open(folder / "mlp").manifest
    halves = {name: Choice("l1", 0.5, "channel") for name in ("fc1", "fc2")}
    promised = preview(manifest, Plan("half", manifest.fingerprint, halves), {})
    assert parameters == promised.stored == (784 + 1) * 150 + (150 + 1) * 50 + (50 + 1) * 10
    assert parameters < manifest.parameters / 2
