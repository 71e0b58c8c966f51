"""The first real images, for benchmarks that measure much: as a data file, and of a bench."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from prunescope.bench.workbench import Workbench, assemble
from prunescope.sample_models import fashion_mnist
from prunescope.sources.data import Splits


def first_images(path: Path, counts: Mapping[str, int]) -> Path:
    """Write the first ``counts`` images of each Fashion-MNIST split, unless ``path`` is there.

    Returns:
        ``path``, an ``.npz`` that names data for ``prunescope.sources``.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, np.ndarray] = {}
        for name, count in counts.items():
            images, labels = fashion_mnist.split(name)
            arrays[f"{name}_inputs"] = fashion_mnist.normalise(images[:count])
            arrays[f"{name}_targets"] = labels[:count].astype(np.int64)
        np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


def first_samples(bench: Workbench, images: int) -> Workbench:
    """Return the bench with the first images of each split."""
    names = ("calibration", "validation", "test")
    calibration, validation, test = (bench.splits.named(name).chunk(0, images) for name in names)
    splits = Splits(calibration, validation, test)
    return assemble(bench.manifest.reference, bench.network, splits, bench.metric, bench.loss)
