"""The model that a study's kept network was captured from, where it is still at hand."""

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from prunescope.bench.device import on_host
from prunescope.bench.studied_part import part_of
from prunescope.errors import PrunescopeError
from prunescope.sources.models import load_model
from prunescope.store.trust import require_vouched
from prunescope.study import Reference


def original_model(reference: Reference, folder: Path, kept: nn.Module) -> nn.Module | None:
    """Return the model that ``reference`` was made from, or None.

    None where its code or weights are not here, nobody vouched for them, or a tensor is another
    than the kept network's.

    Args:
        reference: Of a study that keeps its network.
        folder: The study's.
        kept: The graph of the kept network.
    """
    named = replace(reference, own_network=None)
    try:
        model = load_model(require_vouched(named, folder).within(folder))
    except PrunescopeError:
        return None
    if reference.cut is not None:
        model = part_of(model, reference.cut)
    own = dict(model.state_dict(keep_vars=True))
    same = all(
        name in own and own[name].shape == tensor.shape and torch.equal(own[name], on_host(tensor))
        for name, tensor in kept.named_parameters()
    )
    return model if same else None
