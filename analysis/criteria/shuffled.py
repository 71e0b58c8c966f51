"""Shuffled: the same scores dealt out anew inside of each row; the control of every criterion.

Which row loses how many weights stays as the criterion has it, at every sparsity; which of a
row's weights they are is left to chance. A criterion that is no better than its shuffled twin
knows how much to take from where, but not which weights. (Random, in comparison, also gives up
the first: shuffling over the whole layer at a given sparsity would be just that. The same holds
for units of a group, and within the rows of n:m patterns, so they have no twin.)
"""

from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from prunescope.capture.network import Network
from prunescope.criteria.criterion import Criterion
from prunescope.criteria.random import uniform
from prunescope.study import SHUFFLED


def shuffled(scores: Mapping[str, Tensor], network: Network, seed: int) -> dict[str, Tensor]:
    """Return ``scores`` by parameter, permuted at random inside of each output row.

    One permutation for all sparsities: masks of growing sparsity contain each other, and at each
    the rows lose what they lose by the scores themselves.
    """
    by_parameter = {}
    for layer in network.prunable():
        score = scores[layer.parameter]
        rows = score.movedim(layer.output_dimension, 0)
        drawn = uniform(seed, f"shuffled {layer.parameter}", rows.shape).flatten(1)
        order = drawn.argsort(1).to(score.device)
        mixed = rows.flatten(1).gather(1, order).reshape(rows.shape)
        by_parameter[layer.parameter] = mixed.movedim(0, layer.output_dimension).contiguous()
    return by_parameter


def twin(rule: Criterion) -> Criterion:
    """Return the shuffled control of a criterion that scores weights."""
    return replace(
        rule,
        name=SHUFFLED + rule.name,
        title=f"{rule.title}, shuffled",
        definition=(
            f"Control: each output row loses as many weights as by {rule.name}, but at random "
            "which."
        ),
        source="Frankle et al. 2021 (arXiv 2009.08576), section 4; here inside of rows.",
        units=None,
        unit_definition="",
        per_row=False,
        seeded=True,
        shuffles=rule.name,
    )
