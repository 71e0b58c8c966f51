"""The whole path in a real browser: read, decide, measure, fine-tune, export, load."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from analysis.store.folder import Study

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]
Settle = Callable[[Page], None]

LOAD = """
import sys, torch
module = torch.export.load(sys.argv[1]).module()
print(tuple(module(torch.zeros(3, 1, 28, 28)).shape))
print(sum(int((p == 0).sum()) for p in module.parameters()))
"""


def open_page(page: Page, name: str, settle: Settle) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    page.wait_for_url(f"**/{name.lower()}*")
    settle(page)


def metric(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def test_from_a_trained_model_to_an_exported_one(
    page: Page, folder: Path, settle: Settle, tmp_path: Path
) -> None:
    study = Study.open(folder / "mlp")
    expect(metric(page, "Dense top-1")).to_have_text("90.88 %")

    open_page(page, "Curves", settle)
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_contain_text("magnitude")

    open_page(page, "Plan", settle)
    page.get_by_text("Measure when it rests").click()  # here a button asks
    settle(page)
    page.get_by_role("button", name="Apply to 3").click()
    expect(page.get_by_text("3 of 3 shown layers are pruned")).to_be_visible()
    expect(metric(page, "Predicted top-1")).not_to_have_text("90.88 %")
    _type_sparsity(page, row=0, value="90")
    expect(page.get_by_role("cell", name="39.4 k")).to_be_visible()  # 266 610 - 227 180

    page.get_by_role("button", name="Measure it").click()
    expect(metric(page, "Measured top-1")).to_contain_text("%")
    row = study.verified().iloc[0]
    expect(metric(page, "Measured top-1")).to_have_text(
        f"{100 * row['score_sum'] / row['samples']:.2f} %"
    )
    assert row["removed"] == 211_680 + 15_000 + 500  # 90 % of fc1, half of fc2 and fc3

    open_page(page, "Recover", settle)
    page.get_by_label("Epochs").fill("1")
    page.get_by_role("button", name="Fine-tune", exact=True).click()
    expect(metric(page, "Fine-tuned")).to_contain_text("%")

    open_page(page, "Export", settle)
    page.get_by_role("button", name="Export and verify").click()
    downloads = page.get_by_role("button", name="Download", exact=True)
    expect(downloads).to_have_count(4)  # offered only once verified
    with page.expect_download() as caught:
        downloads.nth(1).click()
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    assert file.name == "model.pt2"
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(file)], capture_output=True, text=True, check=True
    )
    shape, zeros = done.stdout.splitlines()
    assert shape == "(3, 10)"
    assert int(zeros) >= row["removed"]


def _type_sparsity(page: Page, row: int, value: str) -> None:
    """Type into the table, which is a canvas: by place, and read back before it is accepted."""
    box = page.get_by_test_id("stDataFrame").locator("canvas").first.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 175, box["y"] + 33 * (row + 1) + 16)
    page.keyboard.press("Enter")
    editor = page.locator("input.gdg-input")
    editor.wait_for(timeout=60_000)
    editor.press("Control+a")
    editor.press_sequentially(value, delay=60)
    expect(editor).to_have_value(value)
    editor.press("Enter")
