"""Mixtures of experts: whole experts with their row of the router, and features inside all."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import prunescope.capture.grouped_product  # noqa: F401 - registers the operator
from tests.zoo.network import ZooNetwork, channels, into, out, param, refuse


class Experts(nn.Module):
    """Six experts of eight features, two for each token; gates and values in one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.router = nn.Linear(7, 6, bias=False)
        self.up = nn.Parameter(torch.randn(6, 16, 7) / 3)
        self.down = nn.Parameter(torch.randn(6, 7, 8) / 3)

    def route(self, x: Tensor) -> tuple[Tensor, Tensor]:
        scores, numbers = self.router(x).softmax(-1).topk(2, dim=-1)
        return scores / scores.sum(-1, keepdim=True), numbers


class FetchedExperts(Experts):
    """The weights of each token's experts are looked up by number."""

    def forward(self, x: Tensor) -> Tensor:
        scores, numbers = self.route(x)
        rows = x.repeat_interleave(2, dim=0).unsqueeze(-1)
        chosen = numbers.reshape(-1)
        gate, value = (self.up[chosen] @ rows).squeeze(-1).chunk(2, dim=-1)
        y = (self.down[chosen] @ (F.silu(gate) * value).unsqueeze(-1)).squeeze(-1)
        return (y * scores.reshape(-1, 1)).view(-1, 2, 7).sum(1)


class SortedExperts(Experts):
    """Tokens are sorted by expert, multiplied group by group, and put back, as transformers do."""

    def forward(self, x: Tensor) -> Tensor:
        scores, numbers = self.route(x)
        chosen, order = numbers.reshape(-1).sort()
        counts = torch.histc(chosen.float(), bins=6, min=0, max=5)
        ends = counts.cumsum(0, dtype=torch.int32)
        rows = x[order // 2]
        grouped = torch.ops.prunescope.grouped_mm
        gate, value = grouped(rows, self.up.transpose(-2, -1), ends).chunk(2, dim=-1)
        y = grouped(F.silu(gate) * value, self.down.transpose(-2, -1), ends)
        back = torch.empty_like(order)
        back[order] = torch.arange(order.shape[0], device=x.device)
        y = (y * scores.reshape(-1)[order].unsqueeze(-1))[back]
        return y.view(-1, 2, 7).sum(1)


EXPECTED = (
    channels(
        7, out("stem"), into("mix.router", "head"), param("mix.up", dim=2), param("mix.down", dim=1)
    ),
    channels(6, param("mix.router.weight", "mix.up", "mix.down"), normalised=True),
    channels(8, param("mix.up", dim=1), param("mix.down", dim=2)),
)


class MixtureFetched(ZooNetwork):
    """A router's softmax and choice are over the experts that stay."""

    shape = (5, 4)
    expected = EXPECTED
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.mix, self.head = nn.Linear(4, 7), self.experts(), nn.Linear(7, 3)

    def experts(self) -> Experts:
        return FetchedExperts()

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        mixed = self.mix(x.reshape(-1, x.shape[-1]))
        return self.head(x + mixed.view_as(x))


class MixtureSorted(MixtureFetched):
    """The same with a product of groups of rows, one for each expert."""

    expected = EXPECTED
    refused = refuse("output", "head")

    def experts(self) -> Experts:
        return SortedExperts()


class ExpertsCounted(ZooNetwork):
    """Numbers of experts that are computed with keep every expert; features may leave."""

    shape = (4,)
    expected = (channels(7, out("stem"), into("router", "head")),)
    refused = refuse("numbers of picked units", "router") + refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.router, self.head = nn.Linear(4, 7), nn.Linear(7, 6), nn.Linear(7, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x).relu()
        scores, numbers = self.router(x).softmax(-1).topk(2, dim=-1)
        return self.head(x) + (scores * (numbers + 1)).sum(-1, keepdim=True)
