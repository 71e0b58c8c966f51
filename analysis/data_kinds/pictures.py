"""How pictures become tensors: by the model's own preprocessing, or by what is typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from prunescope.data_kinds.options import Options
from prunescope.errors import BadValue

if TYPE_CHECKING:
    from torch import Tensor

OPTIONS: Final[Mapping[str, int | str]] = {"size": 224, "channels": 3, "mean": "", "std": ""}
"""Any of them that is typed takes the place of the model's own preprocessing."""
_MEAN: Final = (0.485, 0.456, 0.406)
_STD: Final = (0.229, 0.224, 0.225)


def picture_transform(
    options: Options, preprocess: Callable[[Any], Any] | None, keep_size: bool = False
) -> Callable[[Any], Tensor]:
    """Return what makes a float tensor ``(channels, height, width)`` of a picture.

    Without preprocessing of the model's own and without options: ImageNet's, 224 by 224.

    Args:
        options: With ``size``, ``channels``, ``mean`` and ``std``.
        preprocess: The model's own, or None.
        keep_size: Whether pictures stay as large as they are where no size is typed.

    Raises:
        BadValue: Channels are neither 1 nor 3, or mean and std are of another number.
    """
    import torch
    from torchvision.transforms import v2

    if preprocess is not None and not options.typed & set(OPTIONS):
        return cast("Callable[[Any], Tensor]", preprocess)
    size, channels = options.count("size"), options.count("channels")
    if channels not in (1, 3):
        raise BadValue(
            f"Expected channels to be 1 or 3, but got {channels}. Take grey or colour, or give "
            "the model a preprocess function."
        )
    mean, std = options.numbers("mean"), options.numbers("std")
    if not mean and not std and channels == 3 and not keep_size:
        mean, std = _MEAN, _STD
    steps: list[Any] = [v2.ToImage(), v2.Grayscale(1) if channels == 1 else v2.RGB()]
    if not keep_size or "size" in options.typed:
        steps += [v2.Resize(size * 8 // 7, antialias=True), v2.CenterCrop(size)]
    steps.append(v2.ToDtype(torch.float32, scale=True))
    if mean or std:
        for name, values in (("mean", mean), ("std", std)):
            if len(values) not in (1, channels) or (name == "std" and min(values) <= 0):
                raise BadValue(
                    f"Expected {name} to be 1 or {channels} numbers"
                    f"{' above 0' if name == 'std' else ''} to go with channels={channels}, but "
                    f"got {options.text(name) or 'none'}. Write for example "
                    f"mean={','.join(['0.5'] * channels)}&std={','.join(['0.5'] * channels)}."
                )
        steps.append(v2.Normalize(list(mean), list(std)))
    return cast("Callable[[Any], Tensor]", v2.Compose(steps))
