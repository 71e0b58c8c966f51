"""Make README's moving picture: a real dashboard over a measured study, driven by Chromium.

``python -m docs.make_animation STUDY docs/prunescope.webp``, from the repository's root, serves a
copy of the study (made as ``prunescope demo`` makes it: curves of weights and channels,
calibrated), looks at curves, paints a stroke over all groups, drags a budget, and waits until the
solved plan was measured. Every frame is a screenshot; only the pointer and the caption are drawn
into it.
"""

import io
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.served import serving
from tests.browser.settled import listen, settled
from tests.browser.steps import metric, only_budget, open_page

WINDOW: Final = (1366, 940)
SHOWN: Final = (1046, 720)
"""Pixels of a frame."""
PATIENCE: Final = 180_000
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


def curves(film: Film) -> None:
    """Look at the curves of one layer after the other."""
    page = film.page
    open_page(page, "Curves", settled)
    expect(page.locator(".js-plotly-plot").first).to_contain_text("magnitude")
    page.wait_for_timeout(1500)
    film.say("Each layer's own curve: what the network loses when only this layer is pruned")
    film.take(2600)
    page.get_by_text("Channels leave", exact=True).first.click()
    settled(page)
    page.wait_for_timeout(1500)
    film.say("The same for channels that really leave, with everything that is coupled to them")
    film.take(2400)


def stroke(film: Film) -> None:
    """Paint sparsities over all groups in one stroke."""
    page = film.page
    open_page(page, "Plan", settled)
    page.get_by_text("Channels leave", exact=True).first.click()
    settled(page)
    only_budget(page, "macs", "MACs", settled)
    film.say("Paint how much leaves, over all layers in one stroke")
    film.take(1200)
    box = page.locator("div.bars").bounding_box()
    assert box is not None
    left, right = box["x"] + 6, box["x"] + box["width"] - 6
    level = box["y"] + 0.62 * box["height"]
    page.mouse.move(left, level)
    film.take(500)
    page.mouse.down()
    film.move(between((left, level), (right, level), 14, lambda share: 40 * share * (1 - share)))
    page.mouse.up()
    settled(page)
    page.wait_for_timeout(600)
    film.say("Size, MACs and predicted accuracy follow at once")
    film.take(2000)


def budget(film: Film) -> None:
    """Drag the budget; the plan is solved, then measured."""
    page = film.page
    film.say("Or drag a budget: the plan that loses least within it is solved for")
    slider = page.locator(".st-key-goal-macs")
    thumb = slider.get_by_role("slider").locator("xpath=..").bounding_box()
    track = slider.locator("[data-testid=stSlider]").bounding_box()
    assert thumb is not None
    assert track is not None
    begin = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    page.mouse.move(*begin)
    page.mouse.down()
    film.move(between(begin, (track["x"] + 0.6 * track["width"], begin[1]), 8))
    page.mouse.up()
    settled(page)
    page.wait_for_timeout(600)
    film.say("Solved: predicted, with how far predictions were off")
    film.take(2400)
    expect(metric(page, "Measured top-1")).to_contain_text("%", timeout=PATIENCE)
    settled(page)
    page.wait_for_timeout(600)
    film.say("And the truth follows by itself: measured beside predicted")
    film.take(4500)


def main(study: Path, target: Path) -> None:
    """Make the picture at ``target`` of a copy of ``study``."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shutil.copytree(study, Path(folder) / "studies" / study.name)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        with serving(Path(folder) / "studies") as link:
            context = browser.new_context(viewport={"width": WINDOW[0], "height": WINDOW[1]})
            context.set_default_timeout(PATIENCE)
            expect.set_options(timeout=PATIENCE)
            listen(context)
            context.add_init_script(_DRAWN)
            page = context.new_page()
            page.goto(link)
            settled(page)
            film = Film(page)
            try:
                for scene in (curves, stroke, budget):
                    scene(film)
            finally:
                if film.frames:
                    film.write(target)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
