"""Shuffled: the same scores permuted at random within each row; the control of every criterion.

At every sparsity each row loses as many weights as by the criterion itself, but which of its
weights is left to chance. A criterion that is no better than its shuffled twin knows how many
weights each row can lose, but not which. (Random gives up the row counts too: a permutation over
the whole layer would be the same as random. So would one over the units of a group or within the
rows of n:m patterns, so they have no twin.)
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

    One permutation for all sparsities: what a smaller sparsity removes, a larger one removes too,
    and at each sparsity a row loses as many weights as by the scores themselves.
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
