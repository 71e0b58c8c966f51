"""Where in a saved checkpoint the weights stand: ``state_dict``, ``model``, ``ema`` and others."""

from collections.abc import Iterator, Mapping
from typing import Final

from torch import Tensor

_PREFERRED: Final = ("state_dict", "model_state_dict", "model", "net", "network", "module")
_AVERAGED: Final = ("ema", "state_dict_ema", "model_ema", "ema_state_dict")
_NOT_WEIGHTS: Final = ("optimizer", "scheduler", "scaler", "lr_scheduler", "callbacks", "loops")
_DEEPEST: Final = 3


def state_dicts(saved: object) -> list[tuple[str, dict[str, Tensor]]]:
    """Return every mapping from names to tensors in ``saved``, by its place; likeliest first.

    Of a checkpoint that holds trained weights and their moving average, the trained ones come
    first, then the average, then everything else in its order.
    """
    return sorted(_within(saved, ""), key=lambda entry: _rank(entry[0]))


def _within(value: object, place: str, depth: int = 0) -> Iterator[tuple[str, dict[str, Tensor]]]:
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return
    tensors = {str(name): entry for name, entry in value.items() if isinstance(entry, Tensor)}
    if value and len(tensors) == len(value):
        yield place, tensors
        return
    for name, entry in value.items():
        if str(name) not in _NOT_WEIGHTS:
            yield from _within(entry, f"{place}.{name}".lstrip("."), depth + 1)


def _rank(place: str) -> tuple[int, int]:
    """Smaller is likelier."""
    parts = place.split(".")
    if any(part in _AVERAGED for part in parts):
        return 1, len(parts)
    if place == "" or any(part in _PREFERRED for part in parts):
        return 0, min([_PREFERRED.index(part) for part in parts if part in _PREFERRED], default=0)
    return 2, len(parts)
