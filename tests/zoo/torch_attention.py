"""torch's own attention module, in its three ways to keep its projections."""

from torch import Tensor, nn
from torch.nn import functional as F

from tests.zoo.network import ZooNetwork, channels, draw, heads, into, out, param, refuse


class TorchAttention(ZooNetwork):
    """nn.MultiheadAttention packs thirds, heads inside each third."""

    shape = (5, 12)
    expected = (heads(3, param("mha.in_proj_weight", "mha.in_proj_bias"), into("mha.out_proj")),)
    refused = refuse("output", "mha.out_proj")

    def __init__(self) -> None:
        super().__init__()
        self.mha = nn.MultiheadAttention(12, 3, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.mha(x, x, x, need_weights=False)[0]
        return result


class TorchAttentionWeights(ZooNetwork):
    """Asked for its averaged weights, the module multiplies explicitly; the average is over
    heads, so returning it keeps every head, but here only the outputs are read."""

    shape = (5, 12)
    expected = (
        channels(12, out("stem", "norm"), param("mha.in_proj_weight", dim=1), normalised=True),
        heads(4, param("mha.in_proj_weight", "mha.in_proj_bias"), into("mha.out_proj")),
        channels(12, out("mha.out_proj"), into("fc")),
    )
    refused = refuse("output", "fc")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Linear(12, 12), nn.LayerNorm(12)
        self.mha, self.fc = nn.MultiheadAttention(12, 4, batch_first=True), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.stem(x))
        x, _ = self.mha(x, x, x, need_weights=True)
        return self.fc(x)


class TorchCrossAttention(ZooNetwork):
    """Keys and values of another width: the module then keeps three separate projections."""

    expected = (
        channels(9, out("memory"), into("fold_k", "fold_v")),
        channels(5, out("fold_k"), param("mha.k_proj_weight", dim=1)),
        channels(6, out("fold_v"), param("mha.v_proj_weight", dim=1)),
        heads(
            4,
            param("mha.q_proj_weight", "mha.k_proj_weight", "mha.v_proj_weight"),
            param("mha.in_proj_bias"),
            into("mha.out_proj"),
        ),
        channels(12, out("mha.out_proj"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.memory, self.head = nn.Linear(4, 9), nn.Linear(12, 3)
        self.fold_k, self.fold_v = nn.Linear(9, 5), nn.Linear(9, 6)
        self.mha = nn.MultiheadAttention(12, 4, kdim=5, vdim=6, batch_first=True)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 4, 12), draw(3, 7, 4, seed=2)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        memory = F.gelu(self.memory(memory))
        x, _ = self.mha(x, self.fold_k(memory), self.fold_v(memory), need_weights=False)
        return self.head(x)


class TorchAttentionSequenceFirst(ZooNetwork):
    """The module's default layout, fed by a transpose."""

    shape = (5, 12)
    expected = (
        heads(3, param("mha.in_proj_weight", "mha.in_proj_bias"), into("mha.out_proj")),
        channels(12, out("mha.out_proj"), into("head")),
    )
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.mha, self.head = nn.MultiheadAttention(12, 3), nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(0, 1)
        x, _ = self.mha(x, x, x, need_weights=False)
        return self.head(x.transpose(0, 1).mean(1))
