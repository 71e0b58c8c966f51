"""Memory of a sweep beside that of one dense evaluation, at a growing number of samples.

Each number is a process of its own. ``dense`` is the plain loop that people write: a loader over
the same dataset, batch by batch. ``sweep`` is ``ps.sweep`` over a live dataset: checks, hashes,
the dense model and every point. What counts is memory that nobody else can have (anonymous, as
Linux says it), its largest value over time; pages of files that the system may take back are apart.

    python -m benchmarks.memory [1000 10000 100000]
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from prunescope.text.numbers import exact
from prunescope.text.units import bytes_

BATCH = 256
SIDE = 32
FEW = 64
"""Samples of calibration and test."""


class Pictures(Dataset[tuple[Tensor, int]]):
    """Noise by a sample's number, and the class that a fixed projection of it has."""

    def __init__(self, count: int, first: int) -> None:
        self._count, self._first = count, first

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        if row >= self._count:
            raise IndexError
        made = torch.Generator().manual_seed(self._first + row)
        picture = torch.randn(3, SIDE, SIDE, generator=made)
        return picture, int(picture.mean((1, 2)).argmax())


def network() -> nn.Module:
    """Return a small convolutional network of three classes."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip


def main(counts: list[int]) -> None:
    """Print the table."""
    rows = []
    for count in counts:
        seen = {}
        for what in ("dense", "sweep"):
            words = [sys.executable, "-m", "benchmarks.memory", what, str(count)]
            ended = subprocess.run(words, capture_output=True, text=True, check=False)
            if ended.returncode:
                print(f"{count} {what} failed: {ended.stderr[-300:]}")
                return
            seen[what] = json.loads(ended.stdout.splitlines()[-1])
        rows.append(
            [
                exact(count), bytes_(count * 3 * SIDE * SIDE * 4),
                bytes_(seen["dense"]["peak"]), bytes_(seen["sweep"]["peak"]),
                f"{seen['sweep']['peak'] / seen['dense']['peak']:.2f}",
                bytes_(seen["sweep"]["grown"]), f"{seen['sweep']['seconds']:.0f}",
            ]
        )  # fmt: skip
        print(rows[-1], flush=True)
    header = ["samples", "as floats", "dense", "sweep", "ratio", "beyond torch", "seconds"]
    print("| " + " | ".join(header) + " |\n|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def child(what: str, count: int) -> None:
    """Print the peak of one run as JSON."""
    begun = time.monotonic()
    torch.set_num_threads(1)
    import prunescope as ps

    before = anonymous()
    with watched() as peaks:
        if what == "dense":
            model, right = network().eval(), 0
            with torch.inference_mode():
                for pictures, labels in DataLoader(Pictures(count, FEW), batch_size=BATCH):
                    right += int((model(pictures).argmax(1) == labels).sum())
        else:
            with tempfile.TemporaryDirectory() as folder:
                ps.sweep(
                    network(),
                    {
                        "train": Pictures(FEW, 0), "val": Pictures(count, FEW),
                        "test": Pictures(FEW, FEW + count),
                    },
                    sparsities=[0.5, 0.9], folder=Path(folder) / "study",
                )  # fmt: skip
    peak = max(peaks)
    seconds = time.monotonic() - begun
    print(json.dumps({"peak": peak, "grown": peak - before, "seconds": seconds}))


def anonymous() -> int:
    """Return the bytes of this process's memory that are no file's."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


@contextmanager
def watched() -> Iterator[list[int]]:
    """Collect this process's memory every twentieth of a second while the block runs."""
    peaks, done = [anonymous()], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peaks.append(anonymous())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    if sys.argv[1:2] in (["dense"], ["sweep"]):
        child(sys.argv[1], int(sys.argv[2]))
    else:
        main([int(text) for text in sys.argv[1:]] or [1_000, 10_000, 100_000])
