"""The tour in a real browser: keys walk it, Escape leaves, the address follows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import opened_at, serving
from tests.browser.steps import Settle

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def address(swept: Path, warm_python: Path) -> Iterator[str]:
    with serving(swept, warm_python, read_only=True) as url:
        yield url


def test_keys_walk_the_tour(browser: Browser, address: str, settle: Settle) -> None:
    with opened_at(browser, f"{address}{'&' if '?' in address else '?'}show=1") as page:
        expect(page.get_by_text(re.compile("^mlp · 1 of 5"))).to_be_visible()
        expect(page.get_by_role("link", name="Plan", exact=True)).to_have_count(0)
        page.keyboard.press("ArrowRight")
        expect(page.get_by_text(re.compile("^mlp · 2 of 5"))).to_be_visible()
        expect(page.locator(".js-plotly-plot")).to_be_visible()
        expect(page).to_have_url(re.compile("show=2"))
        settle(page)
        page.keyboard.press("End")
        expect(page.get_by_role("table")).to_be_visible()
        settle(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Plan", exact=True)).to_be_visible()
        expect(page).not_to_have_url(re.compile("show="))
