"""When a page rests: everything that it sent was taken up by a run, and no run goes on.

The page's own word, ``data-test-script-state``, is not enough: it says *notRunning* until the
server answers, and once more between a run that ends early and the next one. A step that goes on in
that time may stop the run that the step before it asked for, and Streamlit drops what was pressed.
"""

from pathlib import Path
from typing import Final

from playwright.sync_api import BrowserContext, Page

_LISTENER: Final = Path(__file__).with_name("settled.js").read_text(encoding="utf-8")
_APART: Final = 60
"""Milliseconds between two looks that both have to find the page at rest: some controls tell of a
change only after they are drawn anew."""
_RESTS: Final = """
() => window.runs.asked === 0 && !window.runs.goesOn &&
  document.querySelector("[data-testid=stApp][data-test-script-state=notRunning]") !== null
"""


def listen(context: BrowserContext) -> None:
    """Let every page of ``context`` count what it asked for; to be called before any is opened."""
    context.add_init_script(_LISTENER)


def settled(page: Page) -> None:
    """Wait until the page rests."""
    while True:
        page.wait_for_function(_RESTS)
        page.wait_for_timeout(_APART)
        if page.evaluate(_RESTS):
            return
