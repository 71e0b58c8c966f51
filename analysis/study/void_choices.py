"""Choices of a plan that a block takes with it: what they prune leaves whole. Torch-free."""

from collections.abc import Collection, Iterable, Mapping

from prunescope.study.manifest import Manifest
from prunescope.study.method import BLOCK, UNITS
from prunescope.study.plan import Choice


def void_choices(manifest: Manifest, choices: Mapping[str, Choice]) -> frozenset[str]:
    """Return the layers, groups and blocks of ``choices`` all of whose tensors leave with a block.

    They count as nothing: neither in the network, nor in its costs, nor in what is predicted.
    """
    blocks = {
        name: set(manifest.group(name).layers)
        for name, choice in choices.items()
        if choice.granularity == BLOCK and choice.sparsity > 0
    }
    if not blocks:
        return frozenset()
    layers = {
        name: manifest.group(name).layers if choice.granularity in UNITS else (name,)
        for name, choice in choices.items()
        if choice.sparsity > 0
    }
    return void_names(layers, blocks)


def void_names(
    layers: Mapping[str, Collection[str]], blocks: Mapping[str, Collection[str]]
) -> frozenset[str]:
    """Return the names in ``layers`` all of whose layers are in a block of another name.

    >>> sorted(void_names({"a.1": ["a.1"], "a": ["a.1", "a.2"], "b": ["b"]}, {"a": ["a.1", "a.2"]}))
    ['a.1']
    """
    left = dict(blocks)
    void = set()
    for name, own in layers.items():
        if own and any(set(own) <= set(inside) for inside in _others(left, name)):
            void.add(name)
            left.pop(name, None)
    return frozenset(void)


def _others(blocks: Mapping[str, Collection[str]], name: str) -> Iterable[Collection[str]]:
    return [inside for block, inside in blocks.items() if block != name]
