"""Charts and tables as files in a real browser, under names that say what they are."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Download, Locator, Page, expect

from prunescope.store.folder import StudyFolder
from tests.browser.conftest import opened_at, serving
from tests.browser.steps import Settle, open_page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def address(swept: Path, warm_python: Path) -> Iterator[str]:
    """One server for all: nothing here is changed."""
    with serving(swept, warm_python, read_only=True) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened_at(browser, address) as opened:
        yield opened


def saved(page: Page, button: Locator) -> Download:
    with page.expect_download() as caught:
        button.click(force=True)
    return caught.value


def rows(file: Download) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(Path(file.path()).read_text(encoding="utf-8"))))


def test_charts_and_tables_are_saved_under_their_names(
    page: Page, swept: Path, settle: Settle
) -> None:
    today = date.today().isoformat()
    page.get_by_role("button", name="Take away").click()
    layers = saved(page, page.get_by_role("button", name="Layers", exact=True))
    assert layers.suggested_filename == f"mlp-layers-{today}.csv"
    assert [row["Weights"] for row in rows(layers)] == ["235200", "30000", "1000"]
    expect(page.locator("[aria-label^='Download as CSV']").first).to_be_hidden()

    open_page(page, "Curves", settle)
    chart = page.locator(".js-plotly-plot").first
    chart.hover()
    picture = saved(page, chart.locator("[data-title^='Download plot']"))
    assert picture.suggested_filename == f"mlp-fc1-Score-{today}.png"
    drawing = saved(page, chart.locator("[data-take=svg]"))
    assert drawing.suggested_filename == f"mlp-fc1-Score-{today}.svg"
    assert Path(drawing.path()).read_text(encoding="utf-8").startswith("<svg")
    numbers = saved(page, chart.locator("[data-take=csv]"))
    assert numbers.suggested_filename == f"mlp-fc1-Score-{today}.csv"
    stored = StudyFolder.open(swept / "mlp").measured()
    wanted = _scores(stored[stored["subject"] == "fc1"])
    drawn = [row for row in rows(numbers) if row["series"] == "magnitude"]
    values = {float(row["Weights removed from this layer, %"]): row for row in drawn}
    column = next(name for name in drawn[0] if name.startswith("Top-1"))
    for sparsity, score in wanted.items():
        assert float(values[100 * sparsity][column]) == pytest.approx(100 * score)

    heat = page.locator(".js-plotly-plot").last
    heat.scroll_into_view_if_needed()
    heat.hover()
    cells = saved(page, heat.locator("[data-take=csv]"))
    assert cells.suggested_filename == f"mlp-map-best_of_all-{today}.csv"
    assert len(rows(cells)) == 6  # three layers at two sparsities


def _scores(points: pd.DataFrame) -> dict[float, float]:
    """Sparsity → mean score."""
    return dict(zip(points["sparsity"], points["score_sum"] / points["samples"], strict=True))
