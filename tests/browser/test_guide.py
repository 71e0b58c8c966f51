"""The guide in a real browser: it leads from page to page, and stays away once it was put away."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from prunescope.sample_models.samples import DEMO
from tests.browser.conftest import opened_at, serving
from tests.browser.steps import Settle

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_it_leads_on_and_stays_away(
    browser: Browser, folder: Path, warm_python: Path, settle: Settle
) -> None:
    (folder / "mlp").rename(folder / f"{DEMO}mlp")
    with serving(folder, warm_python) as url, opened_at(browser, url) as page:
        page.get_by_role("button", name="To the page Curves").click()
        page.wait_for_url("**/curves*")
        expect(page.get_by_text("1 of 5 · Read a curve")).to_be_visible()
        settle(page)
        page.get_by_role("button", name="Next: Choose a drop").click()
        page.wait_for_url("**/study*")
        settle(page)
        page.locator(".st-key-guide-away").get_by_role("button").first.click()
        expect(page.locator(".st-key-guide")).to_have_count(0)
        settle(page)
        page.wait_for_function("document.cookie.includes('prunescope_guide')")
        page.reload()
        settle(page)
        expect(page.get_by_text("Next:", exact=True)).to_be_visible()  # of the overview
        expect(page.locator(".st-key-guide")).to_have_count(0)
        page.get_by_role("button", name="Words").click()
        page.get_by_role("button", name="Guide me through the pages").click()
        expect(page.locator(".st-key-guide")).to_be_visible()
