"""Which sample models tests of single networks run on: those of Fashion-MNIST's pictures."""

import pytest

from prunescope.sample_models.samples import SAMPLES
from tests.long import core

PICTURES = tuple(name for name, sample in SAMPLES.items() if sample.data == "fashion-mnist")
every_picture = pytest.mark.parametrize("name", core(PICTURES, {*PICTURES} - {"mobilenet"}))
"""MobileNet takes the longest; its depthwise convolutions are in the zoo, too."""
