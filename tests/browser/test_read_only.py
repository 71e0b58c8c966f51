"""A read-only dashboard in a real browser: everything is tried, and the folder stays the same."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from prunescope.dashboard.shared.link import encode_plan
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from tests.browser.conftest import opened_at
from tests.browser.served import serving
from tests.browser.steps import open_page

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(900)]
PAGES = ("Study", "Curves", "Plan", "Recover", "Export")
FORCE = """() => { for (const dead of document.querySelectorAll(
    '[data-testid=stMain] :disabled, [data-testid=stPopoverBody] :disabled'))
  { dead.disabled = false; dead.click(); } }"""
"""What a visitor can do by the browser's own tools: press what is dead."""


def state(folder: Path) -> dict[str, str]:
    return {
        str(path): f"{_content(path)} {path.stat().st_mtime_ns}"
        for path in sorted(folder.rglob("*"))
    }


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"


def test_pages_are_tried_and_the_folder_stays_the_same(
    browser: Browser, folder: Path, settle: Callable[[Page], None], warm_python: Path
) -> None:
    opened = StudyFolder.open(folder / "mlp")
    plan = Plan("mine", opened.manifest.fingerprint, {"fc1": Choice("magnitude", 0.5)})
    opened.save_plan(plan)
    hosts = set()
    before = state(folder)
    with serving(folder, warm_python, read_only=True) as link, opened_at(browser, link) as page:
        page.context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        page.goto(f"{link}&plan={encode_plan(plan, opened.manifest)}")
        settle(page)
        expect(page.get_by_text("read-only").first).to_be_visible()
        for name in PAGES:
            open_page(page, name, settle)
            _press_all(page, settle)
            page.evaluate(FORCE)
            settle(page)
            page.wait_for_timeout(5000 if name == "Plan" else 500)  # plans at rest are measured
            assert state(folder) == before, name
        open_page(page, "Plan", settle)
        expect(page.get_by_role("button", name="Measure it")).to_be_disabled()
        expect(page.get_by_text("Predicted top-1")).to_be_visible()  # looking still works
    assert state(folder) == before
    assert {host for host in hosts if host} == {urlsplit(link).netloc}


def _press_all(page: Page, settle: Callable[[Page], None]) -> None:
    """Press every living button once, and what opens with it, as far as it is still there."""
    kinds = ("stButton", "stFormSubmitButton", "stPopover", "stDownloadButton")
    within = "[data-testid=stMain] [data-testid={}] button"
    buttons = page.locator(", ".join(map(within.format, kinds)))
    for place in range(buttons.count()):
        button = buttons.nth(place)
        if button.is_visible() and button.is_enabled():
            button.click(timeout=10_000, force=True)
            page.evaluate(FORCE)
            page.keyboard.press("Escape")
            settle(page)
