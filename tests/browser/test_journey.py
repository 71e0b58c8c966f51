"""The whole path in a real browser: read, decide, measure, fine-tune, export, load."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Page, expect

from prunescope.store.folder import StudyFolder
from tests.browser.steps import Settle, exported, metric, open_page, steady_box

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]


def test_from_a_trained_model_to_an_exported_one(
    page: Page, folder: Path, settle: Settle, tmp_path: Path, warm_python: Path
) -> None:
    study = StudyFolder.open(folder / "mlp")
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
    page.get_by_label("Epochs", exact=True).fill("1")
    page.get_by_role("button", name="Fine-tune", exact=True).click()
    expect(metric(page, "Fine-tuned")).to_contain_text("%")

    _, zeros = exported(page, settle, tmp_path, warm_python)
    assert zeros >= row["removed"]
    _quantised_and_reported(page, settle, tmp_path)


def _quantised_and_reported(page: Page, settle: Settle, folder: Path) -> None:
    """From the tuned plan's page to a verified int8 file, and to the report by one press."""
    page.get_by_text("ONNX int8").first.click()
    settle(page)
    page.get_by_role("button", name="Export and verify").click()
    downloads = page.get_by_role("button", name="Download", exact=True)
    expect(downloads).to_have_count(5)
    expect(page.get_by_text("model.int8.onnx").last).to_be_visible()
    with page.expect_download() as caught:
        downloads.nth(4).click()
    file = folder / caught.value.suggested_filename
    caught.value.save_as(file)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    assert session.run(None, {name: np.zeros((3, 1, 28, 28), np.float32)})[0].shape == (3, 10)
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download report").click()
    report = folder / caught.value.suggested_filename
    caught.value.save_as(report)
    words = report.read_text()
    assert report.name == "report.html"
    assert all(text in words for text in ("ONNX int8", "model.int8.onnx", "Fine-tuning"))


def _type_sparsity(page: Page, row: int, value: str) -> None:
    """Type into the table, which is a canvas: walked to by keys, and read back before it counts."""
    table = page.get_by_test_id("stDataFrame").locator("canvas").first
    table.scroll_into_view_if_needed()
    box = steady_box(page, table)
    page.mouse.click(box["x"] + 40, box["y"] + 33 * (row + 1) + 16, delay=100)
    for _ in ("Here", "Lock", "Remove, %"):
        page.keyboard.press("ArrowRight")
    chosen = table.locator('td[aria-selected="true"]')
    expect(chosen).to_have_attribute("aria-colindex", "4")
    page.keyboard.press("Enter")
    editor = page.locator("input.gdg-input")
    editor.wait_for(timeout=60_000)
    editor.press("Control+a")
    editor.press_sequentially(value, delay=60)
    expect(editor).to_have_value(value)
    editor.press("Enter")
