"""A study from the browser: looked at, made, compared, copied, named anew, deleted, restored."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from safetensors.numpy import load_file, save_file

import prunescope.sample_models
from prunescope.store.folder import StudyFolder
from tests.browser.steps import Settle, open_page, pick, press_mark

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
WEIGHTS = Path(prunescope.sample_models.__file__).parent / "weights" / "mlp.safetensors"
FOLD = "Rename, duplicate or delete this study"


def press(page: Page, name: str, settle: Settle) -> None:
    """Press where the page rests: what runs anew under the pointer takes no press."""
    settle(page)
    page.get_by_role("button", name=name, exact=True).click()
    settle(page)


def unfold(page: Page, title: str, name: str, settle: Settle) -> None:
    """Open the fold that holds the button ``name``, unless the page kept it open."""
    settle(page)
    page.get_by_text(title).wait_for()
    if not page.get_by_role("button", name=name, exact=True).is_visible():
        page.get_by_text(title).click()


def test_a_study_with_weights_of_ones_own_is_looked_at_before_it_is_made(
    page: Page, folder: Path, tmp_path: Path, settle: Settle
) -> None:
    tensors = load_file(WEIGHTS)
    tensors["fc3.bias"] = tensors["fc3.bias"] + 0.25 * (tensors["fc3.bias"] > 0)
    save_file(tensors, tmp_path / "mine.safetensors")
    settle(page)
    page.get_by_text("Begin another study").click()
    expect(page.get_by_role("combobox", name="Model")).to_be_visible()
    pick(page, "Model", "sample:mlp", settle)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        tmp_path / "mine.safetensors"
    )
    expect(page.get_by_text("mine.safetensors")).to_be_visible()
    page.get_by_label("Name of the study").fill("mine")
    fields = page.get_by_label("Sparsities", exact=True)
    fields.last.fill("0.5,0.9")
    press(page, "Check", settle)
    expect(page.get_by_text("Being checked")).to_be_visible()
    make = page.get_by_role("button", name="Make", exact=True)
    expect(make).to_be_visible()
    assert not (folder / "mine").exists()
    looked = StudyFolder.open(folder / ".check-mine")
    assert looked.manifest.baseline is not None
    score = f"{100 * looked.manifest.baseline.score:.2f} %"
    expect(page.get_by_text(f"Dense top-1 {score} (95 %: ")).to_be_visible()
    expect(page.get_by_text("The sweep: 6 points, 36,000 forward passes of")).to_be_visible()
    expect(page.get_by_text("Not prunable, because it is read as").first).to_be_visible()
    make.click()
    expect(page.get_by_text("Being checked")).to_have_count(0)
    expect(page.get_by_text(re.compile(rf"dense top-1 {re.escape(score)}")).first).to_be_visible()
    settle(page)
    assert StudyFolder.open(folder / "mine").manifest.fingerprint == looked.manifest.fingerprint

    open_page(page, "Curves", settle)
    pick(page, "Study beside", "mlp", settle)
    expect(page.get_by_text("in both").first).to_be_visible()
    expect(page).to_have_url(re.compile("beside"))  # the link keeps it
    settle(page)
    rows = page.locator(".st-key-heat-figure .yaxislayer-above .ytick")
    cells = page.locator(".st-key-heat-figure .scatterlayer .point")
    press_mark(page, cells.last, rows.filter(has_text="fc3"))
    expect(page.get_by_text("fc3 in both")).to_be_visible()  # table, curves and map follow
    settle(page)

    open_page(page, "Study", settle)
    unfold(page, FOLD, "Rename", settle)
    page.get_by_label("New name").fill("ours")
    page.get_by_label("New name").press("Enter")
    settle(page)
    press(page, "Rename", settle)
    expect(page.get_by_role("combobox", name="Study", exact=True)).to_have_value("ours")
    unfold(page, FOLD, "Duplicate", settle)
    press(page, "Duplicate", settle)
    expect(page.get_by_role("combobox", name="Study", exact=True)).to_have_value("ours 2")
    names = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    assert names == {"mlp", "ours", "ours 2"}
    unfold(page, FOLD, "Delete", settle)
    press(page, "Delete", settle)
    unfold(page, "Trash: 1", "Restore", settle)
    press(page, "Restore", settle)
    expect(page.get_by_role("combobox", name="Study", exact=True)).to_have_value("ours 2")
    assert (folder / "ours 2" / "study.json").is_file()
