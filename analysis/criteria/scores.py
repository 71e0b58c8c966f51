"""Scores computed once per criterion and shared by all sparsities."""

from collections.abc import Mapping

import torch
from torch import Tensor

from prunescope.capture.layers import Layer
from prunescope.capture.network import Network
from prunescope.coupling import Group
from prunescope.criteria.evidence import Evidence
from prunescope.criteria.masks import mask, pattern_mask
from prunescope.criteria.registry import criterion
from prunescope.criteria.shuffled import shuffled
from prunescope.errors import CannotPrune
from prunescope.sources.data import Samples
from prunescope.sources.losses import USUAL, Loss
from prunescope.study import pattern_of
from prunescope.study.removed_counts import removed_units


class Scores:
    """The scores of one network on one set of calibration samples, kept once computed."""

    def __init__(
        self,
        network: Network,
        calibration: Samples,
        groups: tuple[Group, ...] = (),
        loss: Loss = USUAL,
    ) -> None:
        self.network = network
        self.groups = {group.name: group for group in groups if group.reason is None}
        self._calibration, self._loss = calibration, loss
        self._cache: dict[tuple[str, str, int], Mapping[str, Tensor]] = {}

    def by_parameter(self, name: str, seed: int = 0) -> Mapping[str, Tensor]:
        """Return the weight scores of criterion ``name`` by parameter name."""
        return self._scores("weights", name, seed)

    def by_group(self, name: str, seed: int = 0) -> Mapping[str, Tensor]:
        """Return the unit scores ``(units,)`` of criterion ``name`` by group name."""
        return self._scores("units", name, seed)

    def mask(
        self, name: str, layer: Layer, sparsity: float, seed: int = 0, granularity: str = "weight"
    ) -> Tensor:
        """Return the mask of ``layer`` at ``sparsity``: bool like its weight, True = keep.

        At an ``n:m`` granularity the pattern alone decides how many weights leave.
        """
        score = self.by_parameter(name, seed)[layer.parameter]
        if granularity == "weight":
            if not criterion(name).per_row:
                return mask(score, sparsity)
            rows = score.movedim(layer.output_dimension, 0)
            return mask(rows, sparsity, per_row=True).movedim(0, layer.output_dimension)
        pattern = pattern_of(granularity)
        assert pattern is not None, granularity
        return pattern_mask(score, pattern.kept, pattern.of, layer.summary.input_dimension)

    def units(self, name: str, group: str, sparsity: float, seed: int = 0) -> Tensor:
        """Return which units of ``group`` to keep at ``sparsity``: ``(units,)`` bool.

        At least one unit stays.

        Raises:
            CannotPrune: The criterion cannot score this group.
        """
        scores = self.by_group(name, seed)
        if group not in scores:
            raise CannotPrune(
                f"Expected a criterion that can score the units of {group}, but {name} finds "
                "nothing to read there. Choose l1, l2 or random for this group."
            )
        score = scores[group]
        keep = torch.ones(len(score), dtype=torch.bool)
        order = score.argsort(stable=True).to(keep.device)
        keep[order[: removed_units(len(score), sparsity)]] = False
        return keep

    def _scores(self, kind: str, name: str, seed: int) -> Mapping[str, Tensor]:
        rule = criterion(name)
        make = rule.weights if kind == "weights" else rule.units
        if make is None:
            raise CannotPrune(
                f"Expected a criterion that scores {kind}, but {name} does not. Choose another "
                "criterion for this granularity."
            )
        key = (kind, name, seed if rule.seeded else 0)
        if key not in self._cache:
            if rule.shuffles:
                scores = self._scores(kind, rule.shuffles, 0)
                self._cache[key] = shuffled(scores, self.network, key[2])
                return self._cache[key]
            groups = tuple(self.groups.values())
            self._cache[key] = make(
                Evidence(self.network, self._calibration, key[2], groups, self._loss)
            )
        return self._cache[key]
