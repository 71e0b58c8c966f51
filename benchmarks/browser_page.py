"""How the pages answer in a real browser: strokes, keys, first paint, shifts, bytes, viewers.

    python -m benchmarks.browser_page                      # all rows, under five minutes when quiet
    python -m benchmarks.browser_page --layers 60 --only drag --only key

Chromium by Playwright looks at a real server on this machine, over studies of 4, 60, 250 and 500
layers with six methods, twenty sparsities, 1,000 classes and fifty plans. The networks are really
captured; **the rows of the studies are built, not measured** (``_built_study``), in the format of
real ones. A row that cannot be measured says why, and the others are measured nonetheless.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from benchmarks._built_study import build
from benchmarks._page_audience import VIEWERS, audience
from benchmarks._page_rows import answers, first_paints, idle_bytes, journey, median, stroke
from benchmarks._watched_page import Watched, opened, window
from prunescope.dashboard.launch_command import Serving
from prunescope.jobs.warm_worker import SWITCH
from prunescope.text.units import percent
from tests.browser.served import free_port, served

LAYERS: Final = (4, 60, 250, 500)
WATCHED: Final = (60, 500)
"""Layers of the studies where somebody idles: it takes its seconds, and depends little on size."""
SECONDS: Final = 15.0
FRAME: Final = 16.0
ANSWERS: Final = {4: 150.0, 60: 150.0, 250: 300.0}
PAINT: Final = 1.5
SHIFT: Final = 0.05
IDLE: Final = 200.0
FLAT: Final = 0.02
"""Of the server's memory, by which it may grow while nobody does anything."""
SHARE: Final = 0.1


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        layers: Of the study.
        name: What is measured.
        target: In words; empty where none was set.
        measured: In words, or why it could not be.
        met: Whether the target is met; None where none was set, or nothing could be measured.
        note: What else is worth knowing.
        failed: Whether it could not be measured.
    """

    layers: int
    name: str
    target: str
    measured: str
    met: bool | None = None
    note: str = ""
    failed: bool = False

    def verdict(self) -> str:
        """In a word, how it came out."""
        if self.failed:
            return "not measured"
        return "none set" if self.met is None else "met" if self.met else "missed"

    def line(self) -> str:
        """The line in Markdown."""
        cells = (self.layers, self.name, self.target, self.measured, self.verdict(), self.note)
        return "| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |"


HEAD: Final = ("layers", "row", "target", "measured", "", "")


@dataclass(frozen=True)
class Asked:
    """What a row is measured on: the page, the server, the study's layers and name, seconds."""

    page: Watched
    serving: Serving
    layers: int
    study: str
    seconds: float


def drag(of: Asked) -> Iterator[Row]:
    """Milliseconds of the main thread in a frame of a stroke."""
    seen = stroke(of.page)
    middle, worst = median(list(seen.works)), max(seen.works)
    yield Row(
        of.layers, "drag, a frame", f"≤ {FRAME:g} ms",
        f"{middle:.1f} ms, worst {worst:.1f}", worst <= FRAME,
        f"{len(seen.works)} frames, longest gap {max(seen.gaps, default=0):.0f} ms; sizes counted "
        f"after {seen.sizes} of {seen.moved} moves",
    )  # fmt: skip


def key(of: Asked) -> Iterator[Row]:
    """The server's time to a prediction, and the page's to its last change, after a key."""
    known = answers(of.page)
    heads, runs = [one.head for one in known], [one.run for one in known]
    lasts = [one.last for one in known]
    target = ANSWERS.get(of.layers)
    yield Row(
        of.layers, "prediction by the server", f"≤ {target:g} ms" if target else "",
        f"{median(heads):.0f} ms, worst {max(heads):.0f}",
        median(heads) <= target if target else None,
        f"from the page's message to the line at the top; to the run's end {median(runs):.0f} ms",
    )  # fmt: skip
    yield Row(
        of.layers, "key to the last change", "", f"{median(lasts):.0f} ms, worst {max(lasts):.0f}",
        note="with the 150 ms for which a key rests",
    )  # fmt: skip


def paint(of: Asked) -> Iterator[Row]:
    """Seconds until the line at the top stands, for somebody who was here before."""
    values = first_paints(of.page, _address(of, "plan"))
    yield Row(
        of.layers, "first useful paint, warm", f"≤ {PAINT:g} s",
        f"{median(values):.2f} s, worst {max(values):.2f}", median(values) <= PAINT,
    )  # fmt: skip


def shift(of: Asked) -> Iterator[Row]:
    """Layout shift while somebody plans."""
    burst, everything = journey(of.page)
    yield Row(
        of.layers, "layout shift of a journey", f"≤ {SHIFT:g}", f"{burst:.3f}", burst <= SHIFT,
        f"Plan, solve, another layer, Curves; with what presses moved {everything:.3f}",
    )  # fmt: skip


def idle(of: Asked) -> Iterator[Row]:
    """Bytes that come while nobody touches the page."""
    value = idle_bytes(of.page, of.seconds)
    yield Row(of.layers, "idle viewer", f"≤ {IDLE:g} B/s", f"{value:.0f} B/s", value <= IDLE)


def viewers(of: Asked) -> Iterator[Row]:
    """What the server takes for twenty who idle."""
    came = audience(of.serving, of.study, of.seconds)
    wrong = f"; {len(came.exceptions)} errors on pages" if came.exceptions else ""
    yield Row(
        of.layers, f"{VIEWERS} viewers, memory", f"flat (≤ {percent(FLAT, 0)})",
        f"{came.grown:+.1f} of {came.full:.0f} MiB", came.grown <= FLAT * came.full,
        f"in {of.seconds:g} s; {came.arrived:+.0f} MiB when they came{wrong}",
    )  # fmt: skip
    yield Row(
        of.layers, f"{VIEWERS} viewers, processor", f"≤ {percent(SHARE, 0)} of a core",
        percent(came.share), came.share <= SHARE,
    )  # fmt: skip


ROWS: Final[dict[str, Callable[[Asked], Iterator[Row]]]] = {
    "paint": paint, "drag": drag, "key": key, "shift": shift, "idle": idle, "viewers": viewers,
}  # fmt: skip
"""In the order of measuring."""


def main() -> None:
    """Print the table, a line as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, action="append", metavar="N", help="of a study")
    parser.add_argument("--only", choices=[*ROWS], action="append", help="kinds of rows")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that somebody idles")
    given = parser.parse_args()
    os.environ[SWITCH] = "0"  # a process that waits for jobs would be counted as the pages'
    with tempfile.TemporaryDirectory() as folder:
        for line in table(rows(Path(folder), given.layers, given.only or [*ROWS], given.seconds)):
            print(line, flush=True)


def table(known: Iterator[Row]) -> Iterator[str]:
    """Yield the table's lines in Markdown."""
    yield "| " + " | ".join(HEAD) + " |"
    yield "|" + "---|" * len(HEAD)
    for row in known:
        yield row.line()


def rows(
    folder: Path, layers: Sequence[int] | None, only: Sequence[str], seconds: float
) -> Iterator[Row]:
    """Build the studies in ``folder``, and yield what is measured of them."""
    for count in layers or LAYERS:
        build(folder / f"layers-{count}", count)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Expected Chromium on this machine, but there is none. Install chromium.")
    with (
        served(Serving(folder, free_port())) as serving,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser,
    ):
        for count in layers or LAYERS:
            skipped = () if layers or count in WATCHED else ("idle", "viewers")
            wanted = [name for name in only if name not in skipped]
            yield from _of_study(browser, serving, count, wanted, seconds)


def _of_study(
    browser: Browser, serving: Serving, layers: int, wanted: Sequence[str], seconds: float
) -> Iterator[Row]:
    """All rows of one study, in one window; after a failure in a new one."""
    left = list(wanted)
    study = f"layers-{layers}"
    while left:
        with window(browser) as context:
            try:
                page = opened(context, f"{serving.link()}&study={study}")
                while left:
                    yield from ROWS[left[0]](Asked(page, serving, layers, study, seconds))
                    left.pop(0)
            except Exception as error:  # noqa: BLE001 - the other rows are worth their time
                reason = (str(error).strip() or type(error).__name__).splitlines()[0]
                yield Row(layers, left.pop(0), "", reason[:120], failed=True)


def _address(of: Asked, page: str) -> str:
    """The address of a page as a bookmark has it, without the token."""
    port = of.serving.port
    return f"http://127.0.0.1:{port}/{page}?study={of.study}"


if __name__ == "__main__":
    main()
