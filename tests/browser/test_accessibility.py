"""Every page in both themes: no serious finding of axe, and no text cut off."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from benchmarks._images import first_images
from tests.browser.conftest import opened_at
from tests.browser.served import serving
from tests.browser.settled import listen
from tests.browser.steps import Settle, open_page
from tests.long import core

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

PAGES: Final = ("Study", "Curves", "Plan", "Plans", "Recover", "Export")
WIDTHS: Final = (1280, 1366, 1920)
_GRAVE: Final = ("serious", "critical")
_CUT: Final = """
() => {
  const cut = [];
  for (const element of document.querySelectorAll("[data-testid=stApp] *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const box = element.getBoundingClientRect(), style = getComputedStyle(element);
    if (!own || !box.width || !box.height || style.display === "inline") continue;
    if (element.closest("svg, [data-testid=stIconMaterial]")) continue;
    if (element.clientWidth === 1) continue;  // for screen readers, such as "Skip to content"
    const scrolls = style.overflowX === "auto" || style.overflowX === "scroll";
    const hides = style.overflowX !== "visible" && !scrolls;
    if (hides && element.scrollWidth > element.clientWidth + 1) cut.push(element.textContent);
    if (box.right > innerWidth + 1) cut.push(element.textContent);
  }
  for (const table of document.querySelectorAll("[data-testid=stDataFrame] .dvn-scroller")) {
    if (table.scrollWidth > table.clientWidth + 1) cut.push(`table ${table.scrollWidth}`);
  }
  return cut;
}
"""


@pytest.fixture(scope="module")
def address(swept: Path, warm_python: Path) -> Iterator[str]:
    """One server for all: nothing here is changed."""
    with serving(swept, warm_python) as url:
        yield url


def cut(page: Page) -> list[str]:
    """What is cut off once charts and tables have taken the window's width."""
    for _ in range(10):
        page.wait_for_timeout(300)
        if not page.evaluate(_CUT):
            break
    texts: list[str] = page.evaluate(_CUT)
    return texts


def findings(page: Page) -> list[str]:
    """What axe calls serious: the rule, the element, and what is wrong with it."""
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary']}"
        for rule in Axe().run(page).response["violations"]
        if rule["impact"] in _GRAVE
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", core(["light", "dark"], {"light"}))
def test_pages_can_be_read(
    browser: Browser, address: str, theme: Literal["light", "dark"], settle: Settle
) -> None:
    context = browser.new_context(viewport={"width": 1366, "height": 900}, color_scheme=theme)
    context.set_default_timeout(180_000)
    listen(context)
    page = context.new_page()
    page.goto(address)
    settle(page)
    wrong = []
    for name in PAGES:
        open_page(page, name, settle)
        page.locator("[class*=st-key-contrast]").wait_for(state="attached")
        wrong += [f"{name}: {finding}" for finding in findings(page)]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wrong += [f"{name} at {width}: {text[:80]}" for text in cut(page)]
        page.set_viewport_size({"width": 1366, "height": 900})
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def with_units(timed: Path, tmp_path_factory: pytest.TempPathFactory, warm_commands: Path) -> Path:
    """Channels and a transformer's heads: tables with more columns and longer names."""
    made = tmp_path_factory.mktemp("units")
    shutil.copytree(timed, made / "studies")
    data = first_images(made / "few.npz", {"calibration": 32, "validation": 64, "test": 16})
    arguments = [
        "sweep", "sample:vit", "--data", str(data), "--methods", "l1@head", "--sparsities", "0.5",
        "--no-screen", "--study", str(made / "studies" / "vit"),
    ]  # fmt: skip
    subprocess.run(
        [str(warm_commands / "prunescope"), *arguments],
        check=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return made / "studies"


@pytest.mark.long
def test_nothing_is_cut_where_units_leave(
    browser: Browser, with_units: Path, warm_python: Path, settle: Settle
) -> None:
    wrong = []
    with serving(with_units, warm_python, read_only=True) as url, opened_at(browser, url) as page:
        for study, units in (("lenet5", "Channels leave"), ("vit", "Heads leave")):
            for name in ("Study", "Curves", "Plan"):
                page.goto(f"{url.replace('?', f'{name.lower()}?', 1)}&study={study}")
                settle(page)
                chosen = page.get_by_role("radio", name=units, exact=True)
                if name != "Study" and chosen.count():
                    page.get_by_text(units, exact=True).first.click()
                    settle(page)
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 900})
                    wrong += [f"{study} {name} at {width}: {text[:80]}" for text in cut(page)]
    assert not wrong, "\n".join(wrong)


def test_what_is_cut_or_faint_is_noticed(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(
        "<html lang=en><title>t</title><main data-testid=stApp style='background:#fff'>"
        "<p style='color:#bbb;width:40px;overflow:hidden;white-space:nowrap'>cut and faint</p>"
        "</main></html>"
    )
    assert page.evaluate(_CUT) == ["cut and faint"]
    assert [text.split(":")[0] for text in findings(page)] == ["color-contrast"]
    page.close()
