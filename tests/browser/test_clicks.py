"""How many clicks the usual journeys take from the landing page, as the browser counts them."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Page, expect

from prunescope.curves.curve import curves
from prunescope.curves.most_sensitive import most_sensitive
from prunescope.curves.seeds import mean_curves
from prunescope.dashboard.shared.link import decode_plan
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study.plan import Choice, Plan
from prunescope.text.scores import words_of
from tests.browser.steps import Settle, drag, metric, open_page

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(600)]

_COUNT = """
addEventListener("pointerdown", (event) => { if (event.isTrusted) window.counted(); }, true);
"""
_IMAGES = np.zeros((3, 1, 28, 28), np.float32)


class Clicks:
    """Counts presses of the mouse, whatever they hit; keys are none."""

    def __init__(self, page: Page) -> None:
        self._count = 0
        page.expose_function("counted", self._one)
        page.evaluate(_COUNT)

    def _one(self) -> None:
        self._count += 1

    def taken(self) -> int:
        """Return how many there were since the last call."""
        count, self._count = self._count, 0
        return count


def test_the_usual_journeys_take_few_clicks(
    timed_page: Page, timed_study: StudyFolder, settle: Settle, tmp_path: Path
) -> None:
    page, study = timed_page, timed_study
    manifest, known = study.manifest, curves(study.measured(), study.manifest)
    study.save_plan(Plan("reference", manifest.fingerprint, {"fc1": Choice("l1", 0.5, "channel")}))
    clicks = Clicks(page)

    told = most_sensitive(mean_curves(known).values(), manifest, words_of(manifest))
    assert told is not None
    expect(page.locator(".st-key-overview")).to_contain_text(told.partition("@")[0])
    assert clicks.taken() == 0

    open_page(page, "Plan", settle)
    page.locator(".painter .name", has_text="conv1").click()
    page.keyboard.press("l")
    settle(page)
    drag(page, "macs", 0.5, settle)
    expect(metric(page, "Measured top-1")).to_contain_text("%")  # by itself, once it rests
    assert clicks.taken() <= 5
    plan = solved_and_measured(study)
    assert plan.choices["conv1"].locked
    assert 0.4 < preview(manifest, plan, known).macs / manifest.macs <= 0.52

    open_page(page, "Plans", settle)
    expect(page.get_by_text("Where they differ")).to_be_visible()
    chart = page.locator(".st-key-plans-chart .js-plotly-plot")
    for name in ("(draft)", "reference"):
        expect(chart).to_contain_text(name)
    assert clicks.taken() == 1

    page.get_by_role("button", name="Share", exact=True).click()
    link = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")
    expect(link).to_be_visible()
    assert clicks.taken() == 1
    query = parse_qs(urlsplit("".join(link.inner_text().split())).query)
    assert decode_plan(query["plan"][0], manifest).digest == plan.digest
    page.keyboard.press("Escape")

    open_page(page, "Export", settle)
    page.get_by_role("button", name="Export and verify").click()
    offered = page.locator("[class*='st-key-download'][class*='-onnx'] button").first
    with page.expect_download() as caught:
        offered.click()
    assert clicks.taken() <= 3
    file = tmp_path / caught.value.suggested_filename
    caught.value.save_as(file)
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert session.run(None, {session.get_inputs()[0].name: _IMAGES})[0].shape == (3, 10)


def solved_and_measured(study: StudyFolder) -> Plan:
    """The plan that was measured and that a solver made."""
    plans = [from_json(Plan, text, "it") for text in study.verified()["plan"]]
    (plan,) = [each for each in plans if any(c.locked for c in each.choices.values())]
    return plan
