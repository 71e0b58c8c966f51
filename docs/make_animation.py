"""Make README's moving picture and the pictures of the pages, by driving a real dashboard.

``python -m docs.make_animation STUDY docs``, from the repository's root, serves a copy of the
study (made as ``prunescope demo --no-dashboard`` makes it), looks at curves, paints a stroke over
all groups, pulls a budget to half of the MACs, waits until the solved plan was measured, and
exports it: ``prunescope.webp``. On the way it takes ``plan.png``. Then it begins a sweep of its own
and takes ``curves-first.png`` and ``curves-later.png`` while the bands narrow. Every frame is a
screenshot; only the pointer and the caption are drawn into it.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from prunescope.cli.demo import demo_jobs
from prunescope.jobs import start, stop
from prunescope.sample_models.samples import DEMO
from tests.browser.served import serving
from tests.browser.settled import listen, settled
from tests.browser.steps import metric, only_budget, open_page, steady_box

WINDOW: Final = (1366, 1080)
SHOWN: Final = (1012, 800)
"""Pixels of a frame."""
PICTURE: Final = (1366, 900)
TALL: Final = (1366, 1500)
"""Pixels of the pictures of curves, and of a plan."""
PATIENCE: Final = 240_000
"""Milliseconds that a job may take on a busy machine."""
MOST_BYTES: Final = 3_000_000

_DRAWN: Final = """
addEventListener("DOMContentLoaded", () => {
  const make = (style) => {
    const made = document.body.appendChild(document.createElement("div"));
    made.style.cssText = "position:fixed;pointer-events:none;z-index:9999999;" + style;
    return made;
  };
  const pointer = make("width:22px;height:22px;left:-50px;top:0");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M1 1 L1 17 L5 13 L8 20 L11 19 L8 12 L14 12 Z");
  path.setAttribute("style", "fill:#111;stroke:#fff;stroke-width:1.5");
  shape.appendChild(path);
  pointer.appendChild(shape);
  for (const kind of ["mousemove", "pointermove"]) addEventListener(kind, (event) => {
    pointer.style.left = event.clientX + "px";
    pointer.style.top = event.clientY + "px";
  }, true);
  const words = make("left:0;right:0;bottom:0;padding:9px 18px;background:#16202cf0;color:#fff;" +
    "font:600 21px system-ui,sans-serif");
  window.hide = () => { words.remove(); pointer.remove(); };
  window.say = (text) => { words.textContent = text; };
});
"""


class Film:
    """Frames of one page, each with how long it is shown."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.frames: list[Image.Image] = []
        self.durations: list[int] = []

    def take(self, milliseconds: int) -> None:
        """Add what the page looks like."""
        shot = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        self.frames.append(shot.resize(SHOWN, Image.Resampling.LANCZOS))
        self.durations.append(milliseconds)

    def say(self, text: str) -> None:
        """Show a caption from now on."""
        self.page.evaluate("(text) => window.say(text)", text)

    def move(self, points: Iterator[tuple[float, float]], milliseconds: int = 110) -> None:
        """Move the pointer from point to point, a frame at each."""
        for x, y in points:
            self.page.mouse.move(x, y)
            self.page.wait_for_timeout(60)
            self.take(milliseconds)

    def write(self, path: Path) -> None:
        """Write all frames, smaller ones where they would take too many bytes."""
        for quality in (85, 70, 55, 40):
            first, *others = self.frames
            first.save(
                path, save_all=True, append_images=others, duration=self.durations, loop=0,
                quality=quality, method=4,
            )  # fmt: skip
            if path.stat().st_size <= MOST_BYTES:
                return


def between(
    begin: tuple[float, float],
    end: tuple[float, float],
    steps: int,
    bend: Callable[[float], float] = lambda _: 0.0,
) -> Iterator[tuple[float, float]]:
    """Yield points from ``begin`` to ``end``, ``bend`` pixels below the line."""
    for step in range(steps + 1):
        share = step / steps
        yield (
            begin[0] + share * (end[0] - begin[0]),
            begin[1] + share * (end[1] - begin[1]) + bend(share),
        )


def rest(film: Film) -> None:
    """Wait until the page rests and its charts are drawn."""
    settled(film.page)
    film.page.wait_for_timeout(1200)
    settled(film.page)


def show(film: Film, words: str, milliseconds: int) -> None:
    """Say what is seen, and leave time to see it."""
    film.say(words)
    film.take(milliseconds)


def look_at_curves(film: Film) -> None:
    """Look at the curves of one layer, then at those of a group of channels."""
    page = film.page
    open_page(page, "Curves", settled)
    expect(page.locator(".js-plotly-plot").first).to_contain_text("magnitude")
    rest(film)
    show(film, "Each layer's own curve: what the network loses when only it is pruned", 2400)
    page.get_by_text("Channels leave", exact=True).first.click()
    rest(film)
    show(film, "The same for channels that really leave, with all that is coupled to them", 2200)


def paint(film: Film) -> None:
    """Paint sparsities over all groups in one stroke."""
    page = film.page
    open_page(page, "Plan", settled)
    page.get_by_text("Channels leave", exact=True).first.click()
    settled(page)
    only_budget(page, "macs", "MACs", settled)
    show(film, "Paint how much leaves, over all layers in one stroke", 900)
    bars = page.locator("div.bars")
    bars.scroll_into_view_if_needed()
    box = steady_box(page, bars)
    left, right = box["x"] + 6, box["x"] + box["width"] - 6
    level = box["y"] + 0.62 * box["height"]
    page.mouse.move(left, level)
    film.take(400)
    page.mouse.down()
    film.move(between((left, level), (right, level), 12, lambda share: 40 * share * (1 - share)))
    page.mouse.up()
    rest(film)
    show(film, "Sizes follow at once, and the score that is predicted of it", 1800)


def solve(film: Film) -> None:
    """Pull the budget to half of the MACs; the plan is solved, then measured."""
    page = film.page
    page.locator(".st-key-goal-macs").scroll_into_view_if_needed()
    film.say("Or pull a budget: the plan that loses least within it is solved for")
    slider = page.locator(".st-key-goal-macs")
    thumb = steady_box(page, slider.get_by_role("slider").locator("xpath=.."))
    track = steady_box(page, slider.locator("[data-testid=stSlider]"))
    begin = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    page.mouse.move(*begin)
    page.mouse.down()
    film.move(between(begin, (track["x"] + 0.5 * track["width"], begin[1]), 7))
    page.mouse.up()
    rest(film)
    show(film, "Half of the MACs: solved, and predicted with an interval", 2200)
    expect(metric(page, "Measured top-1")).to_contain_text("%")
    rest(film)
    show(film, "The truth follows by itself: measured beside predicted", 3400)


def export(film: Film) -> None:
    """Export the plan; the files are offered once each was opened again and compared."""
    page = film.page
    open_page(page, "Export", settled)
    rest(film)
    film.say("Export: every file is opened again in a fresh process, and compared")
    button = page.get_by_role("button", name="Export and verify")
    button.scroll_into_view_if_needed()
    box = steady_box(page, button)
    film.move(between((700, 500), (box["x"] + 60, box["y"] + box["height"] / 2), 4))
    button.click()
    expect(page.get_by_role("button", name="Download", exact=True).nth(3)).to_be_visible()
    page.mouse.move(700, 500)
    rest(film)
    page.get_by_role("button", name="Download", exact=True).first.scroll_into_view_if_needed()
    rest(film)
    show(film, "What is offered was verified: same outputs, bytes and speed on this machine", 3600)


def plan_picture(film: Film, target: Path) -> None:
    """Take the Plan page without caption and pointer."""
    page = film.page
    open_page(page, "Plan", settled)
    page.evaluate("() => window.hide()")
    page.set_viewport_size({"width": TALL[0], "height": TALL[1]})
    page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    rest(film)
    page.screenshot(path=target)


def sharpening_curves(browser: Browser, folder: Path, target: Path) -> None:
    """Begin a sweep, and take its first curves while the bands narrow."""
    job = start(folder / "lenet5", demo_jobs("lenet5")[0])
    try:
        with serving(folder) as link:
            page = opened(browser, f"{link}&study=lenet5", PICTURE)
            page.get_by_role("link", name="Curves", exact=True).click()
            page.evaluate("() => window.hide()")
            for samples, name in ((64, "curves-first"), (256, "curves-later")):
                seen = page.get_by_text(f"from {samples} samples a point")
                expect(seen).to_be_visible()
                page.screenshot(path=target / f"{name}.png")
            page.context.close()
    finally:
        job.cancel()
        stop(job)  # it writes into the folder that goes


def opened(browser: Browser, link: str, size: tuple[int, int]) -> Page:
    """Open a window of ``size`` on a dashboard."""
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    listen(context)
    context.add_init_script(_DRAWN)
    page = context.new_page()
    page.goto(link)
    settled(page)
    return page


def main(study: Path, target: Path) -> None:
    """Make the pictures in the folder ``target``, those of plans from a copy of ``study``."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        copied = Path(folder) / "studies" / study.name.removeprefix(DEMO)  # meets no guide
        shutil.copytree(study, copied)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        with serving(copied.parent) as link:
            film = Film(opened(browser, link, WINDOW))
            try:
                for scene in (look_at_curves, paint, solve, export):
                    scene(film)
            finally:
                if film.frames:
                    film.write(target / "prunescope.webp")
            plan_picture(film, target / "plan.png")
            film.page.context.close()
        sharpening_curves(browser, Path(folder) / "begun", target)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
