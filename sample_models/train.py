"""Train a sample network: ``python -m prunescope.sample_models.train NAME``.

Each run writes the weights, what was measured of them and the model's card.
"""

import argparse
from pathlib import Path

import torch

from prunescope.sample_models.cards import write_card
from prunescope.sample_models.registry import measured, record
from prunescope.sample_models.samples import NAMES, SAMPLES
from prunescope.sample_models.train_images import train_images
from prunescope.sample_models.train_language import train_language
from prunescope.sample_models.train_scenes import train_scenes


def main() -> None:
    """Train, evaluate on validation and test, write weights, ``*.json`` and the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    record(given.name, train(given.name, given.data, given.seed))
    write_card(given.name)
    print(given.name, measured(given.name), flush=True)


def train(name: str, folder: Path, seed: int) -> dict[str, float]:
    """Train the network ``name``, write its weights, and return what was measured of it.

    Args:
        name: Of ``prunescope.sample_models.samples.NAMES``.
        folder: Of the complete Fashion-MNIST, for the networks that classify it.
        seed: Of weights and batches.
    """
    match SAMPLES[name].data:
        case "fashion-mnist":
            return train_images(name, folder, seed)
        case "opticks":
            return train_language(name, seed)
        case _:
            return train_scenes(name, seed)


if __name__ == "__main__":
    main()
