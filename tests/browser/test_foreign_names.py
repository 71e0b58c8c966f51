"""A study whose names are Markdown and HTML: text on every page, and nobody else is asked."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from prunescope.dashboard.shared.link import encode_plan
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.store.parquet_table import rows_of
from prunescope.study.plan import Choice, Plan
from tests.browser.conftest import opened_at
from tests.browser.served import serving
from tests.browser.steps import open_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

NAMES = {
    "fc1": '<img src="http://evil.example/a.png" onerror="window.hit=1">',
    "fc2": "![x](http://evil.example/b.png) **bold1** [link](http://evil.example/c)",
    "fc3": ":material/home: :red[bold2] `bold3` $bold4^2$ http://evil.example/d :streamlit:",
}
MODEL = "net`.py:[m](http://evil.example/e) <b>bold5</b> www.evil.example"
PAGES = ("Study", "Curves", "Plan", "Recover", "Export")
LEAKS = """() => {
  const main = document.querySelector('[data-testid=stApp]');
  const loaded = 'a[href*=evil], img[src*=evil], img[alt="Streamlit logo"]';
  const marked = 'strong, em, b, i, code, .katex, [class*=stMarkdownColored]';
  const bad = [...main.querySelectorAll(loaded)].map(node => node.outerHTML);
  for (const node of main.querySelectorAll(marked))
    if (/^(bold\\d|m|link|hot)$/.test(node.textContent.trim())) bad.push(node.outerHTML);
  if (window.hit) bad.push('script ran');
  return bad;
}"""


@pytest.fixture
def hostile(folder: Path) -> StudyFolder:
    """The measured study under names that nobody should have."""
    known = StudyFolder.open(folder / "mlp")
    manifest = (known.folder / MANIFEST).read_text()
    for old, new in NAMES.items():
        manifest = manifest.replace(f'"{old}"', json.dumps(new))
    manifest = manifest.replace('"sample:mlp"', json.dumps(MODEL), 1)
    rows = [
        replace(row, subject=NAMES.get(row.subject, row.subject))
        for row in rows_of(known.measurements, known.measurements.read())
    ]
    for path in known.measurements.folder.glob("*.parquet"):
        path.unlink()
    (known.folder / MANIFEST).write_text(manifest)
    opened = StudyFolder.open(known.folder)
    opened.measurements.append(rows)
    chosen = {NAMES["fc1"]: Choice("magnitude", 0.5), NAMES["fc3"]: Choice("magnitude", 0.9)}
    opened.save_plan(Plan("of mine", opened.manifest.fingerprint, chosen))
    path = opened.folder / "plans" / "of mine.json"
    hostile = opened.folder / "plans" / "**bold6** :red[bold2].json"
    hostile.write_text(path.read_text().replace('"of mine"', '"**bold6** :red[bold2]"'))
    return opened


@pytest.fixture
def asked(
    browser: Browser, hostile: StudyFolder, warm_python: Path
) -> Iterator[tuple[Page, list[str]]]:
    """A page on that study, and every host that its browser asked for anything."""
    hosts: list[str] = []
    plan = encode_plan(hostile.plan("of mine"), hostile.manifest)
    folder = hostile.folder.parent
    with serving(folder, warm_python) as link, opened_at(browser, link) as page:
        page.context.on("request", lambda request: hosts.append(urlsplit(request.url).netloc))
        page.goto(f"{link}&plan={plan}")
        yield page, hosts


def test_names_are_text_and_no_other_host_is_asked(
    asked: tuple[Page, list[str]], hostile: StudyFolder, settle: Callable[[Page], None]
) -> None:
    page, hosts = asked
    settle(page)
    for name in PAGES:
        open_page(page, name, settle)
        page.wait_for_timeout(1500)
        assert page.evaluate(LEAKS) == [], name
        _hover(page)
        assert page.evaluate(LEAKS) == [], name
    text = page.get_by_test_id("stApp").inner_text()
    assert MODEL in text
    assert {host for host in hosts if host} == {urlsplit(page.url).netloc}


def test_the_check_would_notice(page: Page, settle: Callable[[Page], None]) -> None:
    settle(page)
    page.evaluate("""() => { document.querySelector('[data-testid=stMain]')
      .insertAdjacentHTML('beforeend', '<a href="http://evil.example">k</a><b>bold1</b>') }""")
    assert len(page.evaluate(LEAKS)) == 2


def _hover(page: Page) -> None:
    """Let what only a pointer shows be shown: help and charts' labels."""
    for help_ in page.locator("[data-testid=stTooltipHoverTarget]").all()[:12]:
        if help_.is_visible():
            help_.hover(force=True, timeout=5_000)
            page.wait_for_timeout(100)
    page.mouse.move(1, 1)
