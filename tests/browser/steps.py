"""What several journeys do alike."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import FloatRect, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from prunescope.dashboard.shared.link import decode_plan
from prunescope.study import Manifest
from prunescope.study.plan import Plan

Settle = Callable[[Page], None]

_LOAD = """
import sys, torch
module = torch.export.load(sys.argv[1]).module()
print(tuple(module(torch.zeros(3, 1, 28, 28)).shape))
print(sum(p.numel() for p in module.parameters()))
print(sum(int((p == 0).sum()) for p in module.parameters()))
"""


def open_page(page: Page, name: str, settle: Settle) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    page.wait_for_url(f"**/{name.lower()}*")
    settle(page)


def metric(page: Page, label: str) -> Locator:
    found = page.get_by_test_id("stMetric").filter(has_text=label)
    return found.get_by_test_id("stMetricValue").last  # the page before it may still be there


def exported(page: Page, settle: Settle, folder: Path, python: Path) -> tuple[int, int]:
    """Export the draft, download its ``.pt2`` and load it without Prunescope.

    Returns:
        Its parameters, and how many of them are zero.
    """
    open_page(page, "Export", settle)
    page.get_by_role("button", name="Export and verify").click()
    downloads = page.get_by_role("button", name="Download", exact=True)
    expect(downloads).to_have_count(4)  # offered only once verified
    with page.expect_download() as caught:
        downloads.nth(1).click()
    file = folder / caught.value.suggested_filename
    caught.value.save_as(file)
    assert file.name == "model.pt2"
    done = subprocess.run(
        [str(python), "-I", "-c", _LOAD, str(file)], capture_output=True, text=True, check=True
    )
    shape, parameters, zeros = done.stdout.splitlines()
    assert shape == "(3, 10)"
    return int(parameters), int(zeros)


def only_budget(page: Page, kind: str, words: str, settle: Settle) -> None:
    """Have one budget, on ``kind``; which one the page begins with depends on what was measured."""
    slider = page.locator(f".st-key-goal-{kind} [data-testid=stSlider]")
    field = page.locator(".st-key-goal-budgets")
    expect(field).to_be_visible()
    begun = page.locator("[class*=st-key-goal-] [data-testid=stSlider]").first
    expect(begun).to_be_visible()  # the page before it may have been the one that was settled
    settle(page)
    if slider.count() == 0:
        field.get_by_role("combobox").click()
        page.keyboard.press("Backspace")  # takes away the one that it began with
        expect(begun).to_have_count(0)
        settle(page)  # a list that opens while the page still runs is drawn anew under the pointer
        field.get_by_role("combobox").click()
        page.keyboard.type(words)  # an option that a press has to scroll to first may not take it
        page.get_by_role("option", name=words, exact=True).click()
        expect(field.get_by_text(words, exact=True)).to_be_visible()
        page.keyboard.press("Escape")
    expect(slider).to_be_visible()
    expect(page.locator("[class*=st-key-goal-] [data-testid=stSlider]")).to_have_count(1)
    settle(page)


def drag(page: Page, kind: str, share: float, settle: Settle) -> None:
    """Drag the thumb of a budget to ``share`` of its track."""
    slider = page.locator(f".st-key-goal-{kind}")
    thumb = slider.get_by_role("slider")
    track = slider.locator("[data-testid=stSlider]").bounding_box()
    now = thumb.locator("xpath=..").bounding_box()
    assert track is not None
    assert now is not None
    middle = now["y"] + now["height"] / 2
    page.mouse.move(now["x"] + now["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(track["x"] + share * track["width"], middle, steps=8)
    page.mouse.up()
    settle(page)


def lock(page: Page, name: str, settle: Settle) -> None:
    """Lock the one layer or group of that name by a bulk edit."""
    page.get_by_label("Show", exact=True).fill(name)
    page.get_by_label("Show", exact=True).press("Enter")
    apply = page.get_by_role("button", name="Apply to 1", exact=True)
    expect(apply).to_be_visible()
    pick(page, "Do", "Lock", settle)
    apply.click()
    expect(page.get_by_text(re.compile("1 locked"))).to_be_visible()


def pick(page: Page, label: str, option: str | re.Pattern[str], settle: Settle) -> None:
    """Choose from a list, or add to one of several.

    A list that opens while the page still runs is drawn anew under the pointer, and an option that
    has to be scrolled to may not take the press: so the page rests first, and the option's words
    are typed.
    """
    settle(page)
    words = option if isinstance(option, str) else option.pattern
    page.get_by_role("combobox", name=label).click()
    page.keyboard.type(words)
    page.get_by_role("option", name=option, exact=isinstance(option, str)).first.click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    settle(page)


def clear(page: Page, label: str, settle: Settle) -> None:
    """Take away everything that was added to a list of several."""
    page.get_by_role("combobox", name=label).click()
    page.keyboard.press("Backspace")
    page.keyboard.press("Escape")
    settle(page)


class Shared:
    """The plan as the page's own link tells it."""

    def __init__(self, page: Page, manifest: Manifest, settle: Settle) -> None:
        self._page, self._manifest, self._settle = page, manifest, settle
        self._text = ""

    def forget(self) -> None:
        """Let the next plan be any, the last one too."""
        self._text = ""

    def now(self, changed: bool = True) -> Plan:
        """Return the plan on the page, at first waiting until it is another than the last one."""
        self._settle(self._page)
        self._page.get_by_role("button", name="Share", exact=True).click()
        link = self._page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")
        expect(link).to_be_visible()
        if changed and self._text:
            expect(link).not_to_have_text(self._text)
        self._text = link.inner_text()
        self._page.keyboard.press("Escape")
        expect(link).to_have_count(0)
        query = parse_qs(urlsplit("".join(self._text.split())).query)
        if "plan" not in query:
            return Plan("shared", self._manifest.fingerprint)
        return decode_plan(query["plan"][0], self._manifest)


def steady_box(page: Page, target: Locator) -> FloatRect:
    """Where ``target`` is once it has stayed there for half a second: a page may still move."""
    before, since = target.bounding_box(), time.monotonic()
    for _ in range(600):
        page.wait_for_timeout(100)
        box = target.bounding_box()
        if box is None or box != before:
            before, since = box, time.monotonic()
        elif time.monotonic() - since > 0.5:
            return box
    raise AssertionError(f"Expected {target} to rest within a minute, but it moves on.")


def press_mark(page: Page, mark: Locator, level: Locator | None = None) -> None:
    """Press a mark of a chart as a person would: when it rests, and once it has said what it is.

    A chart that is drawn anew under the pointer takes no press until it hears the pointer again, so
    its hover label is waited for, and the mark is sought again where none comes.

    Args:
        page: Where the chart is.
        mark: What is pressed.
        level: What says how far down; the mark itself without one.
    """

    def place() -> tuple[float, float]:
        box, beside = steady_box(page, mark), steady_box(page, level or mark)
        return box["x"] + box["width"] / 2, beside["y"] + beside["height"] / 2

    mark.evaluate("mark => mark.scrollIntoView({block: 'center'})")  # not under the page's header
    label = page.locator(".js-plotly-plot .hoverlayer .hovertext").first
    for _ in range(12):
        across, down = place()
        page.mouse.move(across + 40, down + 40)
        page.mouse.move(across, down, steps=4)
        try:
            label.wait_for(state="visible", timeout=5_000)
        except PlaywrightTimeout:
            continue
        if place() == (across, down):
            page.mouse.click(across, down)
            return
    raise AssertionError(f"Expected {mark} to say what it is under the pointer, but it never did.")
