"""A small data file for benchmarks that sweep and verify many plans: the first real images."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from prunescope.sample_models import fashion_mnist


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
