"""Nothing moves by itself: what comes late finds its room, on every page and on the way there."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Browser, Page

from benchmarks._page_rows import bursts
from prunescope.store.folder import StudyFolder
from tests.browser.conftest import PATIENCE
from tests.browser.served import serving
from tests.browser.settled import listen
from tests.browser.steps import Settle, open_page

# What arrives late depends on the machine: beside two other workers one step of three runs moved.
pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(900)]

PAGES: Final = ("Study", "Curves", "Plan", "Plans", "Recover", "Export")
MOST: Final = 0.05
"""Of the window, times how far of it: what one burst may move that no press caused."""
_SCRIPT: Final = Path(__file__).with_name("shifts.js").read_text(encoding="utf-8")


class Journey:
    """A page whose steps are asked what they moved."""

    def __init__(self, page: Page, settle: Settle) -> None:
        self.page, self._settle = page, settle
        self.wrong: list[str] = []

    def step(self, name: str) -> None:
        """Wait until the step is over, and note what it moved too far."""
        self._settle(self.page)
        shifts: list[dict[str, Any]] = self.page.evaluate("window.shifts.splice(0)")
        worst = max(bursts([(one["at"], one["value"]) for one in shifts]), default=0.0)
        if worst > MOST:
            what = [line for one in shifts for line in (f"{one['value']:.3f}", *one["what"])]
            self.wrong.append("\n  ".join([f"{name}: {worst:.3f}", *what]))

    def go(self, name: str) -> None:
        """Press the link to a page."""
        open_page(self.page, name, self._settle)
        self.step(f"to {name}")


@pytest.fixture
def journey(browser: Browser, settle: Settle) -> Journey:
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    context.set_default_timeout(PATIENCE)
    listen(context)
    context.add_init_script(_SCRIPT)
    return Journey(context.new_page(), settle)


def test_nothing_moves_by_itself(
    journey: Journey, timed_study: StudyFolder, warm_python: Path
) -> None:
    page = journey.page
    with serving(timed_study.folder.parent, warm_python) as address:
        page.goto(address)
        journey.step("landing")
        for name in PAGES:
            journey.go(name)
        journey.go("Plan")
        page.get_by_text("Measure when it rests").click()
        journey.step("switch")
        thumb = page.locator("[class*=st-key-goal-] [data-testid=stSlider]").get_by_role("slider")
        for press in range(2):
            thumb.first.press("PageDown")
            journey.step(f"solve {press}")
        page.locator("div.bars").get_by_role("slider").nth(1).press("ArrowRight")
        journey.step("another layer")
        page.get_by_role("button", name="Measure it").click()
        journey.step("measure it")
        page.get_by_text("95 % paired").first.wait_for()
        journey.step("measured")
        for name in PAGES:
            page.goto(urljoin(address, f"/{name.lower()}"))
            page.get_by_role("link", name=name, exact=True).wait_for()
            journey.step(f"straight to {name}")
    page.context.close()
    assert not journey.wrong, "\n".join(journey.wrong)
