"""A layer that is chosen anywhere on the page Plan is the chosen one everywhere on it."""

import pytest
from playwright.sync_api import FloatRect, Page, expect

from tests.browser.steps import Settle, open_page, steady_box

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
_ROW = 33
"""Pixels of a row of the table, and of its head."""


def press(page: Page, box: FloatRect, row: int) -> None:
    """Press the name in ``row`` as a hand does: the grid takes no press of no duration."""
    page.mouse.move(box["x"] + 40, box["y"] + (row + 1.5) * _ROW)
    page.wait_for_timeout(200)
    page.mouse.down()
    page.wait_for_timeout(100)
    page.mouse.up()


def shows(page: Page, name: str) -> None:
    """Every part of the page is about the layer ``name``."""
    expect(page.locator(".st-key-layer-panel summary")).to_contain_text(name)
    expect(page.locator(".painter .name.current")).to_have_text(name)
    row = page.locator(".st-key-sparsity-table canvas tr", has_text=name)
    expect(row).to_contain_text("▶")
    expect(page.locator(".st-key-front .y2title")).to_contain_text(name)
    chosen = page.locator(f".network .layer[data-name={name}] [stroke-width='3.2']")
    expect(chosen).not_to_have_count(0)


def test_every_part_of_the_page_chooses_a_layer_and_follows(page: Page, settle: Settle) -> None:
    open_page(page, "Plan", settle)
    page.get_by_text("The network", exact=True).click()
    settle(page)
    expect(page.locator(".network .layer")).not_to_have_count(0)

    table = page.locator(".st-key-sparsity-table [data-testid=stDataFrame]")
    table.scroll_into_view_if_needed()
    box = steady_box(page, table)
    press(page, box, 1)
    shows(page, "fc2")
    settle(page)
    assert steady_box(page, table) == box  # the page stays where it was pressed
    page.keyboard.press("ArrowDown")
    shows(page, "fc3")

    settle(page)
    page.locator(".painter .name", has_text="fc1").click()
    shows(page, "fc1")

    settle(page)
    page.locator(".network .layer[data-name=fc2] rect").first.click()
    shows(page, "fc2")

    # so do keys, from whatever cell they walk
    settle(page)
    table.scroll_into_view_if_needed()
    press(page, steady_box(page, table), 0)
    shows(page, "fc1")
    settle(page)
    for key in ("Right", "Right", "Right", "Down", "Down"):
        page.keyboard.press(f"Arrow{key}")
    shows(page, "fc3")
