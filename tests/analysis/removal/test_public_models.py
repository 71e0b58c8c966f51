"""Public models, random weights: half of every group leaves and the law holds, on any batch."""

import copy
import functools
import logging

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from benchmarks.removal_table.models import build
from prunescope.capture.graph import Captured, Inputs, call_arguments, capture, take
from prunescope.coupling import Coupling, find_groups
from prunescope.removal import check_law, remove, silence
from prunescope.removal.try_groups import random_half as half
from tests.long import core

LANGUAGE = ("transformers:bert", "transformers:gpt2", "transformers:llama")
NAMES = (
    "lraspp_mobilenet_v3_large", "timm:convnext_atto", "timm:edgenext_xx_small",
    "timm:ghostnet_050", "timm:mobilevit_xxs", "timm:regnety_002", "timm:xcit_nano_12_p16_224",
    *LANGUAGE,
)  # fmt: skip
EVERY_TIME = {*LANGUAGE, "timm:ghostnet_050", "timm:xcit_nano_12_p16_224"}


@functools.cache
def studied(name: str) -> tuple[torch.nn.Module, Inputs, Captured, Coupling]:
    logging.disable(logging.CRITICAL)  # transformers doubts tiny configurations aloud
    try:
        model, inputs = build(name)
    finally:
        logging.disable(logging.NOTSET)
    captured = capture(model, take(inputs, slice(0, 2)))
    return model, inputs, captured, find_groups(captured)


def run(module: torch.nn.Module, inputs: Inputs) -> list[Tensor]:
    args, kwargs = call_arguments(inputs)
    with torch.no_grad():
        leaves = pytree.tree_leaves(module(*args, **kwargs))
    return [leaf for leaf in leaves if isinstance(leaf, Tensor)]


def relative_difference(left: list[Tensor], right: list[Tensor]) -> float:
    scale = max(float(each.abs().max()) for each in right)
    return max(float((a - b).abs().max()) for a, b in zip(left, right, strict=True)) / scale


@pytest.mark.parametrize(
    "name", core(NAMES, {*LANGUAGE, "timm:xcit_nano_12_p16_224", "timm:ghostnet_050"})
)
def test_half_of_every_group_leaves(name: str) -> None:
    model, inputs, captured, found = studied(name)
    assert {each.reason for each in found.refused} <= {
        "it is read as the network's output",
        "it is looked up by number, and it is read as the network's output",
    }
    removal = {group.name: half(group) for group in found.groups}
    report = check_law(captured, removal, take(inputs, slice(0, 2)))
    assert report.ok, report
    assert report.effect > 0.01 * report.scale  # what was removed mattered, so the law says much
    smaller = remove(captured, removal).module
    parameters = sum(p.numel() for p in smaller.parameters())
    assert parameters < 0.45 * sum(p.numel() for p in model.parameters())
    outputs = run(smaller, inputs)
    assert [each.shape for each in outputs] == [each.shape for each in run(model, inputs)]
    pair = run(smaller, take(inputs, slice(0, 2)))
    assert relative_difference([each[:2] for each in outputs], pair) <= 1e-4


@pytest.mark.parametrize("name", LANGUAGE)
def test_the_library_s_own_class_with_zeroed_weights_agrees(name: str) -> None:
    model, inputs, captured, found = studied(name)
    plain = [group for group in found.groups if not group.normalised]
    assert {group.granularity for group in plain} == {"channel", "head"}
    removal = {group.name: half(group) for group in plain}
    silent = copy.deepcopy(model)
    parameters = dict(silent.named_parameters())
    with torch.no_grad():
        for group in plain:
            for member in (m for m in group.members if not m.buffer):
                gone = np.concatenate([member.indices[u] for u in np.flatnonzero(~half(group))])
                where = torch.as_tensor(gone)
                parameters[member.parameter].index_fill_(member.dimension, where, 0.0)
    wanted = run(silent, inputs)
    assert relative_difference(run(remove(captured, removal).module, inputs), wanted) <= 1e-5
    assert relative_difference(run(model, inputs), wanted) > 0.01


@pytest.mark.parametrize("name", LANGUAGE)
def test_the_check_sees_another_unit_removed(name: str) -> None:
    _, inputs, captured, found = studied(name)
    for group in found.groups:
        wrong = remove(captured, {group.name: ~half(group)}).module
        silent = silence(captured, {group.name: half(group)})(inputs)
        leaves = [leaf for leaf in pytree.tree_leaves(silent) if isinstance(leaf, Tensor)]
        assert relative_difference(run(wrong, inputs), leaves) > 0.01, group.name
