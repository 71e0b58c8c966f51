"""``sample:NAME``: the small trained models that come with Prunescope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prunescope.errors import UnknownName
from prunescope.model_kinds.kind import ModelKind

if TYPE_CHECKING:
    from torch import nn


class Sample(ModelKind):
    """A sample model, with the weights that it was trained to."""

    name = "sample"
    form = "sample:NAME"
    downloads = False
    rank = 0

    def load(self, name: str, random: bool) -> nn.Module:
        """Return the sample called ``name``; it is never random."""
        del random
        from prunescope.sample_models.registry import load
        from prunescope.sample_models.samples import NAMES

        if name not in NAMES:
            raise UnknownName.among("sample model", name, NAMES)
        return load(name)

    def example(self, name: str) -> Any:
        """Return the first two inputs of the data that the sample is studied with."""
        import torch

        from prunescope.sample_models.registry import arrays
        from prunescope.sample_models.samples import SAMPLES

        inputs, _ = arrays(SAMPLES[name].data, "validation")
        assert not isinstance(inputs, dict)
        return torch.from_numpy(inputs[:2])


KIND = Sample()
