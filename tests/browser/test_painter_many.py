"""The painter with more layers than the page is wide, alone in a page: pointer, keys and sums."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

import prunescope.dashboard
from prunescope.bench.workbench import Workbench
from prunescope.dashboard.tables.network_facts import network_facts
from prunescope.dashboard.tables.plan import family
from prunescope.dashboard.views.plan.painter import script
from prunescope.planning.preview import preview
from prunescope.study.plan import Choice, Plan

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
FOLDER = Path(prunescope.dashboard.__file__).parent / "painter"
LAYERS = 500
WIDE = 720
IMPORT = """
async (source) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  window.mount = (await import(url)).default;
}
"""
MOUNT = """
(layers) => {
  const bars = Array.from({ length: layers }, (_, place) => ({
    name: `blocks.${place}`, title: `blocks.${place}`, label: `blocks.${place}`,
    kind: "weight", value: 0, locked: false, units: null, pattern: null, heat: [],
  }));
  window.edits = [];
  window.mount({
    parentElement: document.body,
    data: {
      seq: 0, bars, others: [], selected: null, colours: ["#fff", "#f00"], hint: "", kinds: [],
      scale: { title: "Drop", end: "30 pt" },
    },
    setStateValue: (name, edit) => { if (name === "edit") window.edits.push(edit); },
  });
}
"""


@pytest.fixture(scope="module")
def strip(browser: Browser) -> Iterator[Page]:
    """The dashboard's own component, as wide as its column is on a window of 1280 pixels."""
    context = browser.new_context(viewport={"width": WIDE, "height": 720})
    page = context.new_page()
    css, html = ((FOLDER / f"painter.{kind}").read_text() for kind in ("css", "html"))
    page.set_content(f"<style>{css}</style>{html}")
    page.evaluate(IMPORT, script())
    page.evaluate(MOUNT, LAYERS)
    yield page
    context.close()


def last(page: Page) -> dict[str, Any]:
    edit: dict[str, Any] = page.evaluate("window.edits.at(-1)")
    return edit


def painted(page: Page) -> dict[str, float]:
    """What the last edit removes, by name."""
    edit = last(page)
    pairs = zip(edit["names"], edit["values"], strict=True)
    return {name: value for name, value in pairs if value > 0}


@pytest.mark.parametrize("place", [0, 99, 239, 499])
def test_the_bar_under_the_pointer_is_painted(strip: Page, place: int) -> None:
    name = f"blocks.{place}"
    bar = strip.get_by_role("slider", name=name, exact=True)
    bar.scroll_into_view_if_needed()
    bar.click(position={"x": 2, "y": 90})
    assert list(painted(strip)) == [name]
    assert last(strip)["picked"] == name
    bar.press("Home")
    strip.wait_for_function("window.edits.at(-1).values.every((value) => value === 0)")


def test_bars_stay_within_the_strip(strip: Page) -> None:
    """What does not fit is scrolled to; nothing runs into what stands below or beside."""
    inside, all_of_it = strip.evaluate(
        "(() => { const s = document.querySelector('.scroll');"
        " return [s.clientWidth, s.scrollWidth]; })()"
    )
    width = strip.evaluate("document.documentElement.scrollWidth")
    assert all_of_it > inside
    assert width <= WIDE


def test_one_tab_stop_arrows_digits_and_a_lock(strip: Page) -> None:
    assert strip.locator("[tabindex='0']").count() == 1
    strip.get_by_role("slider", name="blocks.7", exact=True).focus()
    strip.keyboard.press("ArrowRight")
    strip.keyboard.type("62.5")
    strip.keyboard.press("Enter")
    assert painted(strip) == {"blocks.8": 0.625}
    assert strip.locator("[tabindex='0']").get_attribute("aria-label") == "blocks.8"
    strip.keyboard.press("l")
    assert last(strip)["locks"][8] is True
    strip.keyboard.press("Home")
    strip.keyboard.press("l")
    assert painted(strip) == {"blocks.8": 0.625}
    assert last(strip)["locks"][8] is False


def test_the_browser_counts_what_the_engine_counts(browser: Browser, lenet5: Workbench) -> None:
    manifest = lenet5.manifest
    draw = random.Random(3)
    empty = Plan("drawn", manifest.fingerprint)
    plans = [empty]
    for _ in range(12):
        weights = {
            layer.name: Choice("magnitude", round(draw.random(), 4))
            for layer in manifest.prunable() if draw.random() < 0.5
        }  # fmt: skip
        units = {
            group.name: Choice("l1", round(draw.random(), 4), group.granularity)
            for group in manifest.removable() if draw.random() < 0.6
        }  # fmt: skip
        plans.append(replace(empty, choices={**weights, **units}))
    page = browser.new_page()
    page.evaluate(IMPORT, (FOLDER / "sizes.js").read_text())
    page.evaluate("(facts) => window.mount({ data: { facts } })", network_facts(manifest))
    for plan in plans:
        expected = preview(manifest, plan, {})
        chosen = [
            (name, family(choice.granularity), choice.sparsity)
            for name, choice in plan.active().items()
        ]
        assert page.evaluate("(chosen) => globalThis.prunescopeSizes.of(chosen)", chosen) == {
            "stored": expected.stored, "parameters": expected.kept, "bytes": expected.dense_bytes,
            "macs": expected.macs, "nonzeroMacs": expected.nonzero_macs,
        }  # fmt: skip
    page.close()
