"""Fashion-MNIST: read the complete data set for training, and the three splits that travel along.

The 60,000 training images are cut once, per class and with a fixed seed, into 6,000
*validation* images (never trained on), 8,000 *calibration* images (a part of the 54,000 that
the sample models were trained on) and the rest. The 10,000 *test* images stay whole.

Source: Xiao, Rasul, Vollgraf 2017 (arXiv 1708.07747), MIT licence.
"""

import gzip
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

CLASSES: Final = (
    "t-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
MEAN: Final = 0.2860
STD: Final = 0.3530
SPLITS: Final = ("calibration", "validation", "test")
FOLDER: Final = Path(__file__).parent / "data"

_PER_CLASS: Final = {"validation": 600, "calibration": 800}
_SEED: Final = 20_260

Bytes = npt.NDArray[np.uint8]


class Images(NamedTuple):
    """Images ``(n, 28, 28)`` uint8 and labels ``(n,)`` uint8."""

    images: Bytes
    labels: Bytes


def split(name: str) -> Images:
    """Return one of the packaged splits: ``calibration``, ``validation`` or ``test``.

    Returns:
        Images ``(n, 28, 28)`` and labels ``(n,)``, both uint8, in a fixed random order.
    """
    with np.load(FOLDER / f"fashion-mnist-{name}.npz", allow_pickle=False) as file:
        return Images(file["images"], file["labels"])


def normalise(images: Bytes) -> npt.NDArray[np.float32]:
    """Return images ``(n, 28, 28)`` as ``(n, 1, 28, 28)`` float32 with about zero mean, unit std.

    >>> normalise(np.zeros((1, 28, 28), np.uint8)).shape
    (1, 1, 28, 28)
    """
    scaled = images.astype(np.float32)[:, None] / np.float32(255)
    normalised: npt.NDArray[np.float32] = (scaled - np.float32(MEAN)) / np.float32(STD)
    return normalised


def arrays(name: str) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return inputs and targets of one of the packaged splits, as the networks take them."""
    images, labels = split(name)
    return normalise(images), labels.astype(np.int64)


def read_complete(folder: Path) -> tuple[Images, Images]:
    """Return the complete (training, test) images from the four ``*-ubyte[.gz]`` files.

    Debian's package ``dataset-fashion-mnist`` installs them, and torchvision downloads them.
    """
    return _read_pair(folder, "train"), _read_pair(folder, "t10k")


def cut(labels: Bytes) -> dict[str, npt.NDArray[np.int64]]:
    """Return the indices of the training images by part: validation, calibration, train.

    ``train`` holds everything but validation, so calibration is a part of it.
    """
    random = np.random.default_rng(_SEED)
    by_class = [random.permutation(np.flatnonzero(labels == c)) for c in range(len(CLASSES))]
    first, second = _PER_CLASS["validation"], sum(_PER_CLASS.values())
    parts = {
        "validation": np.concatenate([rows[:first] for rows in by_class]),
        "calibration": np.concatenate([rows[first:second] for rows in by_class]),
        "train": np.concatenate([rows[first:] for rows in by_class]),
    }
    return {name: random.permutation(rows) for name, rows in parts.items()}


def write_splits(complete: Path, folder: Path = FOLDER) -> None:
    """Cut the complete data set in folder ``complete`` into the three packaged files."""
    train, test = read_complete(complete)
    parts = cut(train.labels)
    order = np.random.default_rng(_SEED).permutation(len(test.labels))
    for name in SPLITS:
        source, rows = (test, order) if name == "test" else (train, parts[name])
        np.savez_compressed(
            folder / f"fashion-mnist-{name}.npz",
            images=source.images[rows],
            labels=source.labels[rows],
        )


def _read_pair(folder: Path, stem: str) -> Images:
    return Images(
        _read_idx(folder, f"{stem}-images-idx3-ubyte", header=16).reshape(-1, 28, 28),
        _read_idx(folder, f"{stem}-labels-idx1-ubyte", header=8),
    )


def _read_idx(folder: Path, name: str, header: int) -> Bytes:
    plain, packed = folder / name, folder / f"{name}.gz"
    if not (plain.exists() or packed.exists()):
        raise FileNotFoundError(
            f"Expected {packed.name} in {folder}, but it is not there. Install Debian's package "
            "dataset-fashion-mnist, or let torchvision.datasets.FashionMNIST download it, and "
            "name the folder with --data."
        )
    raw = plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
    return np.frombuffer(raw, np.uint8, offset=header)
