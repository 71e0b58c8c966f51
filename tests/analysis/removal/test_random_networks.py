"""Random networks of the operators that couple channels: whatever is found obeys the law."""

from collections.abc import Callable

import numpy as np
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from prunescope.capture.graph import capture
from prunescope.coupling import find_groups
from prunescope.removal import check_law, remove

Step = tuple[str, int]
_STEPS = (
    "conv", "norm", "residual", "depthwise", "grouped", "concat", "gate", "shuffle", "excite",
    "split", "group_norm", "layer_norm", "flip", "attention", "pool",
)  # fmt: skip


class Random(nn.Module):
    """A chain of steps on feature maps whose width is a multiple of four; then a classifier."""

    def __init__(self, steps: list[Step], flat: bool) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.layers, self.kinds, width = nn.ModuleList(), [kind for kind, _ in steps], 8
        for kind, size in steps:
            made, width = _LAYERS[kind](width, 4 * size)
            self.layers.append(made)
        self.flat = flat
        self.fc = nn.Linear(width * (16 if flat else 1), 3)

    def forward(self, images: Tensor) -> Tensor:
        x = functional.silu(self.stem(images))
        for kind, layer in zip(self.kinds, self.layers, strict=True):
            x = _FORWARD[kind](layer, x)
        x = x.flatten(1) if self.flat else x.mean((2, 3))
        logits: Tensor = self.fc(x)
        return logits


def _pair(first: nn.Module, second: nn.Module) -> nn.ModuleList:
    return nn.ModuleList([first, second])


_LAYERS: dict[str, Callable[[int, int], tuple[nn.Module, int]]] = {
    "conv": lambda w, n: (nn.Conv2d(w, n, 3, padding=1), n),
    "norm": lambda w, _: (nn.BatchNorm2d(w), w),
    "residual": lambda w, n: (_pair(nn.Conv2d(w, n, 1), nn.Conv2d(n, w, 1)), w),
    "depthwise": lambda w, _: (nn.Conv2d(w, w, 3, padding=1, groups=w), w),
    "grouped": lambda w, n: (nn.Conv2d(w, n, 3, padding=1, groups=2), n),
    "concat": lambda w, n: (nn.Conv2d(w, n, 1), w + n),
    "gate": lambda w, n: (nn.Conv2d(w, 2 * n, 1), n),
    "shuffle": lambda w, _: (nn.ChannelShuffle(2), w),
    "excite": lambda w, n: (_pair(nn.Conv2d(w, n, 1), nn.Conv2d(n, w, 1)), w),
    "split": lambda w, _: (nn.Conv2d(w // 2, w // 2, 1), w),
    "group_norm": lambda w, _: (nn.GroupNorm(2, w), w),
    "layer_norm": lambda w, _: (nn.LayerNorm(w), w),
    "flip": lambda w, _: (nn.Identity(), w),
    "attention": lambda w, n: (_pair(nn.Linear(w, 3 * n), nn.Linear(n, w)), w),
    "pool": lambda w, _: (nn.AvgPool2d(3, 1, 1), w),
}


def _attention(layer: nn.Module, x: Tensor) -> Tensor:
    into, out = layer
    n, _, high, wide = x.shape
    packed = into(x.flatten(2).transpose(1, 2)).view(n, high * wide, 3, 4, -1)
    query, key, value = packed.permute(2, 0, 3, 1, 4)
    mixed = functional.scaled_dot_product_attention(query, key, value)
    tokens = out(mixed.transpose(1, 2).flatten(2))
    return x + tokens.transpose(1, 2).reshape(n, -1, high, wide)


def _split(layer: nn.Module, x: Tensor) -> Tensor:
    left, right = x.chunk(2, 1)
    return torch.cat([left, layer(right).tanh()], 1)


_FORWARD: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    **dict.fromkeys(("norm", "shuffle", "group_norm", "pool"), lambda layer, x: layer(x)),
    **dict.fromkeys(("conv", "depthwise", "grouped"), lambda m, x: functional.silu(m(x))),
    "residual": lambda m, x: x + m[1](functional.gelu(m[0](x))),
    "concat": lambda m, x: torch.cat([x, m(x).tanh()], 1),
    "gate": lambda m, x: functional.glu(m(x), 1),
    "excite": lambda m, x: x * m[1](m[0](x.mean((2, 3), keepdim=True)).relu()).sigmoid(),
    "split": _split,
    "layer_norm": lambda m, x: m(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
    "flip": lambda _, x: x + x.flip(1).tanh(),
    "attention": _attention,
}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow],
          derandomize=True)  # fmt: skip
@given(
    st.lists(st.tuples(st.sampled_from(_STEPS), st.integers(1, 3)), min_size=1, max_size=6),
    st.booleans(),
    st.integers(0, 2**16),
)
def test_whatever_is_found_obeys_the_law(steps: list[Step], flat: bool, seed: int) -> None:
    torch.manual_seed(seed)
    network = Random(steps, flat).double().eval()
    images = torch.randn(3, 3, 4, 4).double()
    captured = capture(network, images)
    groups = find_groups(captured).groups
    random = np.random.default_rng(seed)
    removal = {}
    for group in groups:
        keep = np.ones(group.units, bool)
        keep[random.choice(group.units, random.integers(1, group.units), replace=False)] = False
        removal[group.name] = keep
        assert check_law(captured, {group.name: keep}).ok, group.name
    assert check_law(captured, removal).ok
    smaller = remove(captured, removal)
    assert len(smaller.module(images[:1])) == 1
    assert find_groups(smaller).refused != ()
