"""What the sample models are, by name: the data of each and the metric that is natural to it.

Imports nothing, so that pages and commands can list them at once.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Sample:
    """One sample model.

    Attributes:
        data: Name of the data that it was trained on and is studied with.
        metric: What a study measures where nothing else is asked for.
        units: What leaves the network whole, as methods name it.
        blocks: Whether it has residual blocks to take out.
    """

    data: str = "fashion-mnist"
    metric: str = "top-1"
    units: tuple[str, ...] = ("channel",)
    blocks: bool = False


SAMPLES: Final = {
    "mlp": Sample(),
    "lenet5": Sample(),
    "resnet20": Sample(),
    "mobilenet": Sample(),
    "vit": Sample(units=("head",)),
    "gpt": Sample("opticks", "perplexity", ("head", "channel"), blocks=True),
    "unet": Sample("scene-masks", "miou"),
    "detector": Sample("scene-boxes", "map"),
}
NAMES: Final = tuple(SAMPLES)
DEMO: Final = "demo-"
"""Before the name of a sample model in the name of its demo's study."""
_ARTICLES: Final = "Fashion-MNIST: MIT, copyright Zalando SE."
LICENCES: Final = {
    "fashion-mnist": _ARTICLES,
    "opticks": "Newton's Opticks, 1730: in the public domain.",
    "scene-masks": _ARTICLES,
    "scene-boxes": _ARTICLES,
}
"""Of each data set, as a sentence."""
DATA: Final = tuple(dict.fromkeys(sample.data for sample in SAMPLES.values()))
