"""The input window of every output of a convolution, as a view of the padded input.

A transposed convolution is a plain one over its input spread apart with zeros, with the kernel
turned around.
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, fx
from torch.nn import functional

from prunescope.coupling.operator_arguments import argument


@dataclass(frozen=True)
class Patches:
    """Windows of a convolution; one number per spatial dimension.

    Attributes:
        kernel: Sizes.
        stride: Steps from window to window.
        dilation: Steps inside of a window.
        before: Zeros in front; negative crops.
        after: Zeros behind; negative crops.
        spread: Steps between inputs, zeros in between; 1 for a plain convolution.
        transposed: Whether the operator is a transposed convolution.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    spread: tuple[int, ...]
    transposed: bool

    @property
    def dimensions(self) -> int:
        """How many spatial dimensions there are."""
        return len(self.kernel)

    def __call__(self, value: Tensor) -> Tensor:
        """Return ``(samples, positions..., channels, kernel...)``, a view where it can be."""
        if self.transposed:
            value = self._spread(value)
        ends = [n for pair in zip(self.before, self.after, strict=True) for n in reversed(pair)]
        value = functional.pad(value, ends[::-1])
        for axis in range(self.dimensions):
            span = (self.kernel[axis] - 1) * self.dilation[axis] + 1
            value = value.unfold(2 + axis, span, self.stride[axis])
            value = value[..., :: self.dilation[axis]]
        return value.movedim(1, 1 + self.dimensions)

    def matrix(self, weight: Tensor, groups: int) -> Tensor:
        """Return ``weight`` of the convolution as ``(groups, outputs, inputs of a window)``."""
        if self.transposed:
            inside, outside, *kernel = weight.shape
            weight = weight.reshape(groups, inside // groups, outside, *kernel).transpose(1, 2)
            return weight.flip(list(range(3, weight.ndim))).flatten(3).flatten(2)
        return weight.reshape(groups, weight.shape[0] // groups, -1)

    def _spread(self, value: Tensor) -> Tensor:
        sizes = [
            (size - 1) * step + 1 for size, step in zip(value.shape[2:], self.spread, strict=True)
        ]
        spread_out = value.new_zeros(*value.shape[:2], *sizes)
        index: tuple[Any, ...] = (..., *(slice(None, None, step) for step in self.spread))
        spread_out[index] = value
        return spread_out


def patches_of(node: fx.Node, kind: str, shape: tuple[int, ...]) -> Patches | None:
    """Return the patches of a convolution with a weight of ``shape``, or None if it has none."""
    dimensions = len(shape) - 2
    transposed = kind.startswith("conv_transpose") or bool(argument(node, "transposed", False))

    def per_dimension(name: str, default: int) -> tuple[int, ...]:
        value = argument(node, name, default)
        numbers = tuple(value) if isinstance(value, list | tuple) else (value,)
        return numbers * dimensions if len(numbers) == 1 else numbers

    stride, dilation = per_dimension("stride", 1), per_dimension("dilation", 1)
    kernel = shape[2:]
    reach = tuple(step * (size - 1) for step, size in zip(dilation, kernel, strict=True))
    padding = argument(node, "padding", 0)
    if padding == "valid":
        before = after = (0,) * dimensions
    elif padding == "same":
        before = tuple(total // 2 for total in reach)
        after = tuple(total - total // 2 for total in reach)
    else:
        before = after = per_dimension("padding", 0)
    if not all(isinstance(n, int) for n in (*stride, *dilation, *before, *after)):
        return None
    if not transposed:
        return Patches(kernel, stride, dilation, before, after, (1,) * dimensions, False)
    extra = per_dimension("output_padding", 0)
    front = tuple(total - n for total, n in zip(reach, before, strict=True))
    behind = tuple(n + more for n, more in zip(front, extra, strict=True))
    return Patches(kernel, (1,) * dimensions, dilation, front, behind, stride, True)
