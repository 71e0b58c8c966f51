"""The painter with more layers than the page is wide: what is pointed at is what is painted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import prunescope.dashboard

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
PAINTER = Path(prunescope.dashboard.__file__).parent / "painter"
LAYERS = 300
WIDE = 720
MOUNT = """
async ([source, layers]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: mount } = await import(url);
  const bars = Array.from({ length: layers }, (_, place) => ({
    name: `blocks.${place}`, value: 0, locked: false, units: null, pattern: null, heat: [],
  }));
  window.edits = [];
  mount({
    parentElement: document.body,
    data: { seq: 0, bars, colours: ["#fff", "#f00"], hint: "", ends: "" },
    setStateValue: (name, edit) => window.edits.push(edit),
  });
}
"""


@pytest.fixture
def strip(browser: Browser) -> Iterator[Page]:
    """The dashboard's own component, as wide as its column is on a window of 1280 pixels."""
    context = browser.new_context(viewport={"width": WIDE, "height": 720})
    page = context.new_page()
    css, html = ((PAINTER / f"painter.{kind}").read_text() for kind in ("css", "html"))
    page.set_content(f"<style>{css}</style>{html}")
    page.evaluate(MOUNT, [(PAINTER / "painter.js").read_text(), LAYERS])
    yield page
    context.close()


def painted(page: Page) -> list[str]:
    """Names of the bars that the last edit removes something of."""
    edit = page.evaluate("window.edits.at(-1)")
    return [name for name, value in zip(edit["names"], edit["values"], strict=True) if value > 0]


@pytest.mark.parametrize("place", [0, 99, 150, 239, 299])
def test_the_bar_under_the_pointer_is_painted(strip: Page, place: int) -> None:
    name = f"blocks.{place}"
    bar = strip.get_by_role("slider", name=name, exact=True)
    bar.scroll_into_view_if_needed()
    bar.click(position={"x": 2, "y": 90})
    assert painted(strip) == [name]


def test_bars_stay_within_the_strip(strip: Page) -> None:
    """What does not fit is scrolled to; nothing runs into what stands below or beside."""
    inside, all_of_it = strip.evaluate(
        "(() => { const s = document.querySelector('.bars');"
        " return [s.clientWidth, s.scrollWidth]; })()"
    )
    width = strip.evaluate("document.documentElement.scrollWidth")
    assert all_of_it > inside
    assert width <= WIDE
