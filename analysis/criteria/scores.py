"""Scores computed once per criterion and shared by all sparsities."""

from collections.abc import Mapping

from torch import Tensor

from analysis.capture.layers import Layer
from analysis.capture.network import Network
from analysis.criteria.evidence import Evidence
from analysis.criteria.registry import criterion
from analysis.masks import mask
from analysis.sources.data import Samples


class Scores:
    """The scores of one network on one set of calibration samples, kept once computed."""

    def __init__(self, network: Network, calibration: Samples) -> None:
        self.network = network
        self._calibration = calibration
        self._known: dict[tuple[str, int], Mapping[str, Tensor]] = {}

    def by_parameter(self, name: str, seed: int = 0) -> Mapping[str, Tensor]:
        """Return the scores of criterion ``name`` by parameter name."""
        rule = criterion(name)
        key = (name, seed if rule.seeded else 0)
        if key not in self._known:
            self._known[key] = rule.weights(Evidence(self.network, self._calibration, key[1]))
        return self._known[key]

    def mask(self, name: str, layer: Layer, sparsity: float, seed: int = 0) -> Tensor:
        """Return the mask of ``layer`` at ``sparsity``: bool like its weight, True = keep."""
        score = self.by_parameter(name, seed)[layer.parameter]
        return mask(score, sparsity, per_row=criterion(name).per_row)
