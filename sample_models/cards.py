"""The card of a sample model: what it is, how it was trained, what was measured."""

import importlib
import inspect

from prunescope.sample_models.fashion_mnist import SPLITS, split
from prunescope.sample_models.registry import CARDS, architecture, measured


def card(name: str) -> str:
    """Return the card of the sample model ``name`` in Markdown, from its recorded measurements."""
    module = importlib.import_module(f"prunescope.sample_models.networks.{name}")
    what, _, origin = (inspect.getdoc(module) or "").partition("\n\n")
    network = architecture(name)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    recorded = measured(name)
    rows = "\n".join(
        f"| {part} | {len(split(part).labels):,} | {recorded[part]:.2%} |" for part in SPLITS
    )
    return f"""# {name}

{what}

{origin}

- Architecture: `sample_models/networks/{name}.py`, {parameters:,} parameters
- Weights: `sample_models/weights/{name}.safetensors`
- Trained by: `python -m prunescope.sample_models.train {name}` on the 54,000 Fashion-MNIST \
training images that are not in validation: {recorded["epochs"]} epochs, seed {recorded["seed"]}

| split | images | top-1 |
|---|---|---|
{rows}

Calibration images are part of what the network was trained on; validation and test are not. \
Input: 28×28 grey images as `prunescope.sample_models.fashion_mnist.normalise` gives them. \
Licence: MIT. Meant for trying pruning on, not for use.
"""


def write_card(name: str) -> None:
    """Write the card of ``name`` into the package."""
    (CARDS / f"{name}.md").write_text(card(name))
