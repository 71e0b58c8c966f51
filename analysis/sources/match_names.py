"""Names of tensors as a training loop saved them, against those of a network.

Wrappers put prefixes before names or between them (``module.``, ``model.``, ``_orig_mod.``,
``net.``), and a base model lacks one that the network has. Which it is, is found by matching.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from typing import Final

from torch import Tensor

_WRAPPERS: Final = ("_orig_mod.", "_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "module.")
"""What stands before or between names wherever a part of a network was wrapped."""
_SHOWN: Final = 3


def renamed(tensors: Mapping[str, Tensor], own: Iterable[str]) -> dict[str, Tensor]:
    """Return ``tensors`` under the names of ``own`` where a prefix, or its absence, explains all.

    Tensors that lie outside of the prefix belong to something else (a loss, a teacher) and are
    left out once every name of the network has its tensor.
    """
    names = frozenset(own)
    best = dict(tensors)
    for candidate in _candidates(tensors, names):
        if _hits(candidate, names) > _hits(best, names):
            best = candidate
    return best


def _candidates(tensors: Mapping[str, Tensor], own: frozenset[str]) -> list[dict[str, Tensor]]:
    bare = {_unwrapped(name): tensor for name, tensor in tensors.items()}
    forms = [dict(tensors)] + ([bare] if len(bare) == len(tensors) else [])
    return [form for given in forms for form in (given, _inside(given, own), _outside(given, own))]


def _unwrapped(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.removeprefix(wrapper).replace(f".{wrapper}", ".")
    return name


def _inside(tensors: Mapping[str, Tensor], own: frozenset[str]) -> dict[str, Tensor]:
    """What lies behind the prefix behind which most names are the network's."""
    prefix = _commonest(tensors, own)
    if not prefix:
        return dict(tensors)
    inner = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
    if own <= inner.keys():
        return inner
    return inner | {n: t for n, t in tensors.items() if not n.startswith(prefix)}


def _outside(tensors: Mapping[str, Tensor], own: frozenset[str]) -> dict[str, Tensor]:
    """All names behind the prefix that the network has and they lack, but for those that fit."""
    prefix = _commonest(own, frozenset(tensors))
    return {
        name if name in own or f"{prefix}{name}" not in own else f"{prefix}{name}": tensor
        for name, tensor in tensors.items()
    }


def _commonest(longer: Iterable[str], shorter: frozenset[str]) -> str:
    """The prefix without which most of ``longer`` are among ``shorter``; empty for none."""
    counts: Counter[str] = Counter()
    for name in longer:
        parts = name.split(".")
        for place in range(len(parts)):
            if ".".join(parts[place:]) in shorter:
                counts[".".join([*parts[:place], ""])] += 1
    return max(counts, key=lambda prefix: (counts[prefix], -len(prefix)), default="")


def _hits(tensors: Mapping[str, Tensor], own: frozenset[str]) -> tuple[int, int]:
    """How many names fit, then how few do not."""
    fitting = sum(name in own for name in tensors)
    return fitting, fitting - len(tensors)


def nearest(name: str, shape: tuple[int, ...], others: Mapping[str, Tensor]) -> str:
    """Return the names nearest to ``name`` among ``others``, with their shapes, for a sentence.

    Those of the same shape come first; among them, those spelled alike.
    """

    def likeness(other: str) -> tuple[bool, float]:
        return tuple(others[other].shape) == shape, SequenceMatcher(None, name, other).ratio()

    chosen = sorted(others, key=likeness, reverse=True)[:_SHOWN]
    return ", ".join(f"{other} {tuple(others[other].shape)}" for other in chosen)
