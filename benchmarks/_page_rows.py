"""What is measured of one page: strokes, answers to a key, first paint, shifts, bytes."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from playwright.sync_api import Locator

from benchmarks._watched_page import HEAD, Frame, PageFailure, Watched, opened

_STEPS: Final = 90
"""Moves of the mouse in one stroke."""
_KEYS: Final = 7
_VISITS: Final = 3
_TURN: Final = 50
"""Milliseconds between two looks whether the server answered."""
_WINDOW, _GAP = 5000, 1000
"""Milliseconds that a burst of layout shifts lasts at most, and that part it from the next."""


@dataclass(frozen=True)
class Stroke:
    """A stroke over the bars: milliseconds of the main thread by frame, and between frames."""

    works: tuple[float, ...]
    gaps: tuple[float, ...]
    sizes: int
    moved: int


@dataclass(frozen=True)
class Answer:
    """Milliseconds after a key was pressed on a bar.

    Attributes:
        last: From the key's end to the page's last change.
        head: From the page's message to the line at the top, by the browser's clock.
        run: From the page's message to the end of the run.
    """

    last: float
    head: float
    run: float


def painter(page: Watched) -> Locator:
    """Open *Plan*, where nothing is measured by itself, and return the painter's bars."""
    page.go("Plan")
    switch = page.page.get_by_role("switch", name="Measure when it rests")
    if switch.count() and switch.is_checked():
        page.page.get_by_text("Measure when it rests").click()
        page.rest()
    bars = page.page.locator("div.bars")
    bars.wait_for()
    bars.scroll_into_view_if_needed()
    return bars


def stroke(page: Watched) -> Stroke:
    """Drag over the bars in view, up and down, without letting go."""
    painter(page)
    box = page.page.locator("div.scroll").first.bounding_box()
    if box is None:
        raise PageFailure("Expected bars on the page, but they are not drawn.")
    mouse = page.page.mouse
    mouse.move(box["x"] + 24, box["y"] + 60)
    mouse.down()
    page.page.evaluate("window.watched.begin()")
    for step in range(_STEPS):
        share = step / (_STEPS - 1)
        mouse.move(
            box["x"] + 24 + share * (box["width"] - 48), box["y"] + 30 + 60 * (step % 10) / 10
        )
    page.page.evaluate("window.watched.end()")
    seen = page.page.evaluate("window.watched")
    mouse.up()
    page.rest()
    if not seen["works"]:
        raise PageFailure("Expected frames during the stroke, but none was drawn.")
    return Stroke(tuple(seen["works"]), tuple(seen["gaps"]), seen["sizes"], seen["moved"])


def answers(page: Watched) -> list[Answer]:
    """Press a key on a bar again and again, each time until the page rests."""
    bars = painter(page).get_by_role("slider")
    bar = bars.nth(min(3, bars.count() - 1))
    measured = []
    for press in range(_KEYS + 1):
        before = len(page.frames)
        bar.press("ArrowUp")
        asked, drawn, ended = _run(page, before)
        page.rest()
        last = (page.number("changed") or 0) - (page.number("keyed") or 0)
        if press:  # the first one after the stroke may still make what the others find made
            head = (drawn or ended).at - asked.at
            measured.append(Answer(last, 1000 * head, 1000 * (ended.at - asked.at)))
    return measured


def _run(page: Watched, before: int) -> tuple[Frame, Frame | None, Frame]:
    """The message that asked for a run, the line at the top if it was drawn, and the run's end."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        page.page.wait_for_timeout(_TURN)
        frames = page.frames[before:]
        place = next((place for place, frame in enumerate(frames) if frame.asks()), None)
        if place is None:
            continue
        rest = frames[place:]
        ended = next((frame for frame in rest if frame.ends()), None)
        if ended is not None:
            drawn = next(
                (frame for frame in rest if frame.at <= ended.at and frame.brings(HEAD)), None
            )
            return frames[place], drawn, ended
    raise PageFailure("Expected an answer to a key within 30 s, but none came.")


def first_paints(page: Watched, address: str) -> list[float]:
    """Return seconds until the line at the top stands, of visits by somebody who was here."""
    return [_visit(page, address) for _ in range(_VISITS)]


def _visit(page: Watched, address: str) -> float:
    again = opened(page.page.context, address)
    try:
        at = again.number("headAt")
    finally:
        again.page.close()
    if at is None:
        raise PageFailure("Expected a line at the top of the page, but it was not drawn.")
    return at / 1000


def journey(page: Watched) -> tuple[float, float]:
    """Open Plan, solve for another budget, choose another layer, open Curves.

    Returns:
        The largest burst of shifts that no press explains, as browsers count it; all shifts.
    """
    page.go("Study")
    before = len(page.page.evaluate("window.watched.shifts"))
    bars = painter(page)
    thumb = page.page.locator("[class*=st-key-goal-] [data-testid=stSlider]").get_by_role("slider")
    for _ in range(3):
        thumb.first.press("ArrowLeft")
        page.rest()
    bars.get_by_role("slider").nth(1).press("ArrowRight")
    page.rest()
    page.go("Curves")
    shifts = page.page.evaluate("window.watched.shifts")[before:]
    moved = [(shift["at"], shift["value"]) for shift in shifts if not shift["pressed"]]
    return max(bursts(moved), default=0.0), sum(shift["value"] for shift in shifts)


def bursts(shifts: list[tuple[float, float]]) -> Iterator[float]:
    """Yield the sums of shifts that lie close together: ``(milliseconds, value)`` in order.

    >>> list(bursts([(0, 0.1), (900, 0.2), (3000, 0.4)]))
    [0.30000000000000004, 0.4]
    """
    total, first, last = 0.0, None, 0.0
    for at, value in shifts:
        if first is None or at - last > _GAP or at - first > _WINDOW:
            if first is not None:
                yield total
            total, first = 0.0, at
        total, last = total + value, at
    if first is not None:
        yield total


def idle_bytes(page: Watched, seconds: float) -> float:
    """Return bytes per second that come while nobody touches *Plan*."""
    painter(page)
    before = page.received()
    page.page.wait_for_timeout(1000 * seconds)
    return (page.received() - before) / seconds


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)
