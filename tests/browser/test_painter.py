"""One stroke of the mouse paints all layers, a key moves one, and Python's plan wins."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
Settle = Callable[[Page], None]


def test_a_stroke_a_key_and_undo(page: Page, settle: Settle) -> None:
    page.get_by_role("link", name="Plan", exact=True).click()
    page.wait_for_url("**/plan*")
    settle(page)
    bars = page.locator(".bars").get_by_role("slider")
    expect(bars).to_have_count(3)
    box = page.locator("div.bars").bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + 2, box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 0.5 * box["height"])
    page.mouse.up()
    expect(page.get_by_text("3 of 3 shown layers are pruned")).to_be_visible()
    for place in range(3):
        expect(bars.nth(place)).to_have_attribute("aria-valuenow", "50")

    bars.nth(1).press("PageUp")
    expect(bars.nth(1)).to_have_attribute("aria-valuenow", "60")
    # 136 100 of 266 610: Python has the key's edit, and undo means that one
    expect(page.get_by_text("51.0 % of all parameters")).to_be_visible()

    settle(page)
    undo = page.get_by_role("button", name="Undo")
    undo.click()
    expect(bars.nth(1)).to_have_attribute("aria-valuenow", "50")
    settle(page)

    # nobody waits between a key and what is pressed next: undo means the key here too
    for _ in range(3):
        bars.nth(1).press("PageUp")
        undo.click()
        settle(page)
        expect(bars.nth(1)).to_have_attribute("aria-valuenow", "50")
        expect(bars.nth(0)).to_have_attribute("aria-valuenow", "50")
    bars.nth(1).press("PageUp")
    page.keyboard.press("Control+z")
    settle(page)
    expect(bars.nth(1)).to_have_attribute("aria-valuenow", "50")

    undo.click()
    expect(bars.nth(0)).to_have_attribute("aria-valuenow", "0")
    expect(page.get_by_text("0 of 3 shown layers are pruned")).to_be_visible()
