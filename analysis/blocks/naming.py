"""What blocks are called: the modules that they have in common, as short as tells them apart."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

_MOST: Final = 3


def name_blocks(layers: Sequence[Sequence[str]], taken: Collection[str] = ()) -> list[str]:
    """Return a name for each block, of the dotted names of its layers that multiply.

    The longest path that all layers of a block share. Where that holds a layer of another block
    too (attention and MLP of one transformer layer), the part of it in which most of the block's
    layers are, or all such parts.

    Args:
        layers: Of each block, in the graph's order.
        taken: Names that mean something else.

    >>> name_blocks([["layer1.0.conv1", "layer1.0.conv2"], ["layer1.1.conv1", "layer1.1.conv2"]])
    ['layer1.0', 'layer1.1']
    >>> name_blocks([["3.attn.qkv", "3.attn.proj"], ["3.mlp.0", "3.mlp.2"]])
    ['3.attn', '3.mlp']
    >>> name_blocks([["3.attn.qkv", "3.attn.proj"], ["3.fc1", "3.fc2"]])
    ['3.attn', '3.fc1+fc2']
    >>> name_blocks([["fc"]], taken=["fc"])
    ['fc (block)']
    """
    names: list[str] = []
    for number, own in enumerate(layers):
        path = _common(own)
        others = [name for index, block in enumerate(layers) if index != number for name in block]
        others = [name for name in others if name not in own]
        while not path or any(_inside(name, path) for name in others):
            inner = _fullest([name for name in own if _inside(name, path)], path)
            if inner == path:
                break
            path = inner
        name = f"{path} (block)" if path in taken else path
        while name in names:
            name += "'"
        names.append(name)
    return names


def _common(names: Sequence[str]) -> str:
    """The dotted path that all names begin with; a single layer's own name."""
    parts = [name.split(".") for name in names]
    shared = []
    for pieces in zip(*parts, strict=False):
        if len(set(pieces)) > 1:
            break
        shared.append(pieces[0])
    return ".".join(shared)


def _inside(name: str, path: str) -> bool:
    return not path or name == path or name.startswith(f"{path}.")


def _fullest(names: Sequence[str], path: str) -> str:
    """The module in ``path`` that holds most of the names; without one, all names with a plus."""
    start = len(path) + 1 if path else 0
    inner = [name[start:] for name in names if name[start:]]
    counts = Counter(name.partition(".")[0] for name in inner).most_common(2)
    if len(counts) == 1 or (counts and counts[0][1] > counts[1][1]):
        parts = counts[0][0]
    else:
        parts = "+".join(inner) if len(inner) <= _MOST else f"{inner[0]}…{inner[-1]}"
    return f"{path}.{parts}".strip(".")
