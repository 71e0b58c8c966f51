"""The card of a sample model: what it is, how it was trained, what was measured."""

import importlib
import inspect
import math
from collections.abc import Callable
from typing import Final

from prunescope.sample_models import fashion_mnist, opticks, scenes
from prunescope.sample_models.registry import CARDS, architecture, measured
from prunescope.sample_models.samples import SAMPLES


def card(name: str) -> str:
    """Return the card of the sample model ``name`` in Markdown, from its recorded measurements."""
    module = importlib.import_module(f"prunescope.sample_models.networks.{name}")
    what, _, origin = (inspect.getdoc(module) or "").partition("\n\n")
    parameters = sum(parameter.numel() for parameter in architecture(name).parameters())
    data = _DATA[SAMPLES[name].data]
    return f"""# {name}

{what}

{origin}

- Architecture: `sample_models/networks/{name}.py`, {parameters:,} parameters
- Weights: `sample_models/weights/{name}.safetensors`
- Trained by: `python -m prunescope.sample_models.train {name}` {data(measured(name))}

Licence: MIT. Meant for trying pruning on, not for use.
"""


def write_card(name: str) -> None:
    """Write the card of ``name`` into the package."""
    (CARDS / f"{name}.md").write_text(card(name))


def _images(recorded: dict[str, float]) -> str:
    rows = "\n".join(
        f"| {part} | {len(fashion_mnist.split(part).labels):,} | {recorded[part]:.2%} |"
        for part in fashion_mnist.SPLITS
    )
    return f"""on the 54,000 Fashion-MNIST \
training images that are not in validation: {recorded["epochs"]} epochs, seed {recorded["seed"]}

| split | images | top-1 |
|---|---|---|
{rows}

Calibration images are part of what the network was trained on; validation and test are not. \
Input: 28×28 grey images as `prunescope.sample_models.fashion_mnist.normalise` gives them."""


def _letters(recorded: dict[str, float]) -> str:
    rows = "\n".join(
        f"| {part} | {len(opticks.split(part).letters):,} | {recorded[part]:.3f} | "
        f"{math.log2(recorded[part]):.3f} |"
        for part in opticks.SPLITS
    )
    return f"""on the first eight tenths of Newton's *Opticks* (1730, in the public domain): \
{recorded["steps"]:,} steps of 32 windows, seed {recorded["seed"]}

| split | windows of {opticks.LENGTH} bytes | perplexity | bits per byte |
|---|---|---|---|
{rows}

Calibration windows are part of what the network was trained on; validation and test, the last two \
tenths of the text, are not. Input: bytes of UTF-8 text, any number of them; output: the logits of \
the byte that follows each."""


def _scenes(score: str) -> Callable[[dict[str, float]], str]:
    def described(recorded: dict[str, float]) -> str:
        rows = "\n".join(
            f"| {part} | {scenes.COUNTS[part]:,} | {recorded[part]:.2%} |" for part in scenes.SPLITS
        )
        return f"""on {scenes.COUNTS["train"]:,} scenes of Fashion-MNIST articles on textures \
(`prunescope.sample_models.scenes`): {recorded["epochs"]} epochs, seed {recorded["seed"]}

| split | scenes | {score} |
|---|---|---|
{rows}

Articles of calibration scenes are part of what the network was trained on; those of validation \
and test are not. Input: 48×48 grey pictures; kinds of articles: {", ".join(scenes.KINDS)}."""

    return described


_DATA: Final = {
    "fashion-mnist": _images,
    "opticks": _letters,
    "scene-masks": _scenes("mean IoU"),
    "scene-boxes": _scenes("mAP"),
}
