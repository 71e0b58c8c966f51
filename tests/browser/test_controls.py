"""Every control of the Plan page, moved for real, changes the plan that the page has.

They are long: ``tests/dashboard`` moves each of them without a browser, and other journeys press,
drag and type in one.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from prunescope.dashboard.shared.goal_form import BUDGETS
from prunescope.planning.pareto import Front, load_front
from prunescope.planning.preview import preview
from prunescope.store.folder import StudyFolder
from tests.browser.conftest import opened_at, serving
from tests.browser.steps import (
    Settle,
    Shared,
    clear,
    drag,
    only_budget,
    open_page,
    pick,
    press_mark,
)  # fmt: skip

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def timed_study(timed: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """One for all journeys here: none measures anything, and only the last one saves."""
    copied = tmp_path_factory.mktemp("controls") / "studies"
    return StudyFolder.open(Path(shutil.copytree(timed, copied)) / "lenet5")


@pytest.fixture(scope="module")
def address(timed_study: StudyFolder, warm_python: Path) -> Iterator[str]:
    with serving(timed_study.folder.parent, warm_python) as url:
        yield url


@pytest.fixture
def timed_page(browser: Browser, address: str) -> Iterator[Page]:
    with opened_at(browser, address) as opened:
        yield opened


@pytest.fixture
def plan(timed_page: Page, timed_study: StudyFolder, settle: Settle) -> Shared:
    """The Plan page, on which nothing is measured or searched but on a press."""
    open_page(timed_page, "Plan", settle)
    timed_page.get_by_text("Measure when it rests").click()
    settle(timed_page)
    settings(timed_page, settle, shown=True)
    timed_page.get_by_text("Look around when it rests").click()
    settle(timed_page)
    settings(timed_page, settle, shown=False)
    return Shared(timed_page, timed_study.manifest, settle)


def settings(page: Page, settle: Settle, shown: bool) -> None:
    """Open or close them, whatever Escape did."""
    inside = page.get_by_role("combobox", name="Keep small")
    if inside.is_visible() != shown:
        page.get_by_role("button", name="Settings").click()
    expect(inside).to_have_count(int(shown))
    settle(page)


def test_every_budget_is_solved_for(timed_page: Page, plan: Shared, settle: Settle) -> None:
    plan.now()
    for kind, words in BUDGETS.items():
        only_budget(timed_page, kind, words, settle)
        drag(timed_page, kind, 0.7, settle)
        goal = timed_page.locator(".st-key-goal")
        found = re.compile(rf"{words} ([\d.]+) % of ([67][\d.]+) %")  # of where it was dropped
        expect(goal).to_contain_text(found)
        share, limit = found.findall(goal.inner_text())[0]
        assert float(share) <= float(limit)
        assert plan.now().active()
        drag(timed_page, kind, 1.0, settle)
        expect(timed_page.get_by_text(re.compile(r"^0 of \d shown"))).to_be_visible()
        plan.forget()

    only_budget(timed_page, "latency", "Latency", settle)
    drag(timed_page, "latency", 0.6, settle)
    goal = timed_page.locator(".st-key-goal")
    expect(goal).to_contain_text(re.compile(r"Latency [\d.]+ % of [56][\d.]+ %"))
    expect(goal).to_contain_text("Latency as on PyTorch")
    plan.now()
    settings(timed_page, settle, shown=True)
    pick(timed_page, "Latency by", re.compile("ONNX Runtime"), settle)
    settings(timed_page, settle, shown=False)
    expect(goal).to_contain_text("Latency as on ONNX Runtime")
    plan.now()


def test_every_setting_changes_the_plan(
    timed_page: Page, timed_study: StudyFolder, plan: Shared, settle: Settle
) -> None:
    page = timed_page
    only_budget(page, "macs", "MACs", settle)
    plan.now()
    drag(page, "macs", 0.5, settle)
    free = plan.now()
    assert {choice.granularity for choice in free.active().values()} == {"channel"}

    def setting(label: str, option: str) -> None:
        settings(page, settle, shown=True)
        pick(page, label, option, settle)
        settings(page, settle, shown=False)

    def without(label: str) -> None:
        settings(page, settle, shown=True)
        clear(page, label, settle)
        settings(page, settle, shown=False)

    setting("Units kept are multiples of", "8")
    gone = preview(timed_study.manifest, plan.now(), timed_study.measured()).units
    units = {group.name: group.units for group in timed_study.manifest.removable()}
    assert all((units[name] - count) % 8 == 0 for name, count in gone.items() if count)
    setting("Units kept are multiples of", "1")
    assert plan.now().digest == free.digest

    used = {str(choice.method) for choice in free.active().values()}
    other = next(name for name in ("l1@channel", "taylor@channel") if {name} != used)
    setting("Methods", other)
    assert {str(choice.method) for choice in plan.now().active().values()} == {other}
    without("Methods")
    assert plan.now().digest == free.digest

    name = max(free.active(), key=lambda each: free.active()[each].sparsity)
    setting("Stay dense", name)
    assert name not in plan.now().active()
    without("Stay dense")
    assert plan.now().digest == free.digest

    settings(page, settle, shown=True)
    pick(page, "Bounded", name, settle)
    ends = page.locator("[class*=st-key-goal-bound]").get_by_role("slider")
    ends.nth(1).focus()
    for _ in range(8):
        ends.nth(1).press("PageDown")  # by tenths: 20 % at most
    settle(page)
    settings(page, settle, shown=False)
    bounded = plan.now()
    assert name not in bounded.active() or bounded.active()[name].sparsity <= 0.2
    without("Bounded")
    assert plan.now().digest == free.digest

    setting("After pruning", "Least squares")
    assert plan.now().recovery == "ls"
    setting("After pruning", "As pruned")
    assert plan.now().digest == free.digest

    setting("Keep small", "Drop")
    expect(page.locator(".st-key-goal")).to_contain_text(re.compile(r"Drop [\d.]+ pt, added up"))
    setting("Keep small", "KL to the dense model")
    expect(page.locator(".st-key-goal")).to_contain_text("nats, added up")

    drop = page.get_by_role("spinbutton", name="Drop at most, pt")
    drop.fill("0.2")
    drop.press("Enter")
    expect(page.locator(".st-key-goal")).to_contain_text("Expected ")  # not with half of the MACs
    drag(page, "macs", 0.95, settle)
    kept = re.compile(r"predicted drop \D?[\d.]+ pt of 0.20 pt")
    expect(page.locator(".st-key-goal")).to_contain_text(kept)
    assert plan.now().digest != free.digest


def test_every_edit_changes_the_plan(timed_page: Page, plan: Shared, settle: Settle) -> None:
    page = timed_page
    plan.now()
    page.get_by_text("Channels leave", exact=True).click()
    settle(page)

    def bulk(action: str, label: str = "", value: str = "") -> None:
        pick(page, "Do", action, settle)
        if label:
            page.get_by_label(label, exact=True).fill(value)
            page.get_by_label(label, exact=True).press("Enter")
            settle(page)
        page.get_by_role("button", name=re.compile("Apply to 3")).click()

    def sparsities(changed: bool = True) -> list[float]:
        return [choice.sparsity for choice in plan.now(changed).active().values()]

    bulk("Set to", "Sparsity, %", "40")
    assert sparsities() == [0.4, 0.4, 0.4]
    bulk("Scale by", "Factor", "0.5")
    assert sparsities() == [0.2, 0.2, 0.2]
    bulk("Limit each drop to", "Drop, pt", "30")
    assert max(sparsities()) > 0.2
    bulk("Keep a multiple of")
    rounded = plan.now()
    pick(page, "Do", "Use method", settle)
    pick(page, "Method", "taylor@channel", settle)
    page.get_by_role("button", name="Apply to 3").click()
    assert {choice.criterion for choice in plan.now().active().values()} == {"taylor"}
    bulk("Lock")
    assert all(choice.locked for choice in plan.now().choices.values())
    bulk("Unlock")
    assert not any(choice.locked for choice in plan.now().choices.values())

    for _ in range(3):
        page.get_by_role("button", name="Undo").click()
        settle(page)
    assert plan.now().digest == rounded.digest
    page.get_by_role("button", name="Redo").click()
    assert {choice.criterion for choice in plan.now().active().values()} == {"taylor"}

    bar = page.locator(".bars").get_by_role("slider").first
    bar.press("Home")
    assert len(plan.now().active()) == 2


def test_other_plans_and_saved_ones_are_opened(
    timed_page: Page, timed_study: StudyFolder, plan: Shared, settle: Settle
) -> None:
    page = timed_page
    only_budget(page, "macs", "MACs", settle)
    plan.now()
    drag(page, "macs", 0.6, settle)
    solved = plan.now()

    def other(option: str) -> None:
        page.get_by_role("button", name="Other plans").click()
        page.get_by_role("menuitem", name=option, exact=True).click()
        settle(page)

    found = {}
    for rule in ("Uniform", "ERK", "Equal drop"):
        other(rule)
        found[rule] = plan.now()
        page.get_by_role("button", name="Solve the rest").click()
        assert plan.now().digest == solved.digest
    assert len({each.digest for each in found.values()}) == 3
    other("Look around it")
    expect(page.locator(".st-key-goal")).to_contain_text("The best that was seen")
    other("Prove the optimum")
    expect(page.locator(".st-key-goal")).to_contain_text("Proven")
    proven = plan.now(changed=False)

    def popover(name: str) -> Locator:
        page.get_by_test_id("stPopoverButton").filter(has_text=name).click()
        return page.get_by_test_id("stPopoverBody")

    within = popover("Save")
    within.get_by_label("Name", exact=True).fill("mine")
    within.get_by_label("Name", exact=True).press("Enter")
    settle(page)
    within.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Plan mine")).to_be_visible()
    assert timed_study.plan("mine").digest == proven.digest
    page.keyboard.press("Escape")
    for name, active in (("Empty plan", {}), ("mine", proven.active())):
        within = popover("Open")
        within.get_by_role("combobox", name="Plan").click()
        page.keyboard.type(name)
        page.get_by_role("option", name=name, exact=True).click()
        settle(page)
        within.get_by_role("button", name="Open", exact=True).last.click()
        settle(page)
        page.keyboard.press("Escape")
        assert plan.now().active() == active

    page.get_by_role("button", name="Sweep the front").click()
    expect(page.get_by_role("button", name="Sweep it again")).to_be_visible()
    settle(page)
    chart = page.locator(".st-key-front .js-plotly-plot").last
    expect(chart).to_contain_text("Front, predicted")
    marks = chart.locator(".scatterlayer .trace").filter(has=page.locator(".points path"))
    points = marks.first.locator(".points path")
    point = points.nth(points.count() - 3)  # by rising cost, the dense one last
    press_mark(page, point)
    clicked = plan.now()
    assert clicked.digest in {point.plan.digest for point in swept(timed_study).points}


def swept(study: StudyFolder) -> Front:
    found = load_front(study.folder, "macs", "none", study.manifest.fingerprint)
    assert found is not None
    return found
