"""How long a dense evaluation takes by the samples in a batch: what ``workbench`` chooses by.

    python -m benchmarks.sweep_batch                          # four models, torch's threads
    python -m benchmarks.sweep_batch sample:vit --threads 1

Milliseconds of one sample, least of interleaved repetitions: what disturbs only adds. The batch
that a study takes stands in the second column.
"""

import argparse
import time
from collections.abc import Sequence
from typing import Final

import torch

from benchmarks.sweep_replay import MODELS, _bench
from prunescope.bench.evaluate import evaluate

SIZES: Final = (8, 16, 32, 64, 128, 256, 512)
LARGE: Final = (4, 8, 16, 32)


def main(given: Sequence[str] | None = None) -> None:
    """Print one row per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeats", type=int, default=5)
    asked = parser.parse_args(given)
    torch.set_num_threads(asked.threads)
    print("model", "batch", "threads", "milliseconds by batch size", sep=" | ", flush=True)
    for model in asked.models:
        large = model.startswith("torchvision")
        sizes, images = (LARGE, 32) if large else (SIZES, 512)
        bench = _bench(model, images)
        samples = bench.splits.validation.chunk(0, images)
        taken: dict[int, list[float]] = {size: [] for size in sizes}
        for _ in range(asked.repeats):
            for size, seconds in taken.items():
                began = time.perf_counter()
                evaluate(bench.network.module, samples, bench.metric, size)
                seconds.append(time.perf_counter() - began)
        found = ", ".join(f"{n}: {min(t) / images * 1e3:.3g}" for n, t in taken.items())
        print(model, bench.batch, asked.threads, found, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
