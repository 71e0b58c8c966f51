"""The browser's address says what is on the page: a reload and a link restore it."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import opened_at
from tests.browser.steps import Settle, open_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_a_reload_and_a_link_restore_plan_and_view(
    browser: Browser, page: Page, address: str, settle: Settle
) -> None:
    open_page(page, "Curves", settle)
    page.get_by_role("radio", name="Drop", exact=True).click()
    settle(page)
    limit = page.get_by_role("spinbutton", name="Accepted drop, pt")
    expect(limit).to_have_value("1.00")  # as on the page before
    limit.fill("3")
    limit.press("Enter")
    settle(page)
    open_page(page, "Plan", settle)
    before = page.evaluate("history.length")
    bar = page.locator(".bars").get_by_role("slider").nth(1)
    bar.press("PageUp")
    expect(bar).to_have_attribute("aria-valuenow", "10")
    settle(page)
    page.wait_for_url("**plan=*view=*")
    assert page.evaluate("history.length") == before, "an edit is no step back in the browser"

    page.reload()
    settle(page)
    expect(bar).to_have_attribute("aria-valuenow", "10")

    link = page.url
    with opened_at(browser, address) as other:
        other.goto(link.replace("/plan?", "/curves?"))
        settle(other)
        expect(other.get_by_role("spinbutton", name="Accepted drop, pt")).to_have_value("3.00")
        expect(other.get_by_role("radio", name="Drop", exact=True)).to_be_checked()
        open_page(other, "Plan", settle)
        own = other.locator(".bars").get_by_role("slider").nth(1)
        expect(own).to_have_attribute("aria-valuenow", "10")
