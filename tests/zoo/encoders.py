"""torch's own encoder and decoder layers."""

import torch
from torch import Tensor, nn

from tests.zoo.network import ZooNetwork, channels, draw, heads, into, out, param, refuse


class EncoderPostNorm(ZooNetwork):
    """torch's encoder layer: both norms, the attention and the feed-forward share the stream."""

    shape = (5, 4)
    expected = (
        channels(
            12,
            out("stem", "layer.norm1", "layer.norm2", "layer.self_attn.out_proj", "layer.linear2"),
            into("layer.linear1", "head"),
            param("layer.self_attn.in_proj_weight", dim=1),
            normalised=True,
        ),
        heads(
            3,
            param("layer.self_attn.in_proj_weight", "layer.self_attn.in_proj_bias"),
            into("layer.self_attn.out_proj"),
        ),
        channels(10, out("layer.linear1"), into("layer.linear2")),
    )
    refused = refuse("output", "head")
    norm_first = False

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Linear(4, 12), nn.Linear(12, 7)
        self.layer = nn.TransformerEncoderLayer(
            12, 3, dim_feedforward=10, batch_first=True, norm_first=self.norm_first
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layer(self.stem(x)))


class EncoderPreNorm(EncoderPostNorm):
    """Norms before the branches: the same members, the stream itself is not normalised."""

    norm_first = True


class EncoderStack(ZooNetwork):
    """Two layers and a final norm on one stream; heads and widths belong to each layer."""

    shape = (5, 4)
    expected = (
        channels(
            12,
            out("stem", "encoder.norm"),
            out(*(f"encoder.layers.{i}.{each}" for i in (0, 1)
                  for each in ("norm1", "norm2", "self_attn.out_proj", "linear2"))),
            into("encoder.layers.0.linear1", "encoder.layers.1.linear1", "head"),
            param(*(f"encoder.layers.{i}.self_attn.in_proj_weight" for i in (0, 1)), dim=1),
            normalised=True,
        ),
        *(
            heads(
                4,
                param(*(f"encoder.layers.{i}.self_attn.in_proj_{kind}"
                        for kind in ("weight", "bias"))),
                into(f"encoder.layers.{i}.self_attn.out_proj"),
            )
            for i in (0, 1)
        ),
        *(
            channels(9, out(f"encoder.layers.{i}.linear1"), into(f"encoder.layers.{i}.linear2"))
            for i in (0, 1)
        ),
    )  # fmt: skip
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(12, 4, 9, activation="gelu", batch_first=True)
        self.stem, self.head = nn.Linear(4, 12), nn.Linear(12, 7)
        self.encoder = nn.TransformerEncoder(
            layer, 2, norm=nn.LayerNorm(12), enable_nested_tensor=False
        )

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 5, 4), torch.arange(5)[None] >= torch.tensor([[5], [3], [4]])

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        return self.head(self.encoder(self.stem(x), src_key_padding_mask=padding).mean(1))


class DecoderLayer(ZooNetwork):
    """The memory is a stream of its own, read by the cross attention's keys and values. The
    packed projection reads both streams through its one input dimension, so they are tied."""

    expected = (
        channels(
            12,
            out("stem", "memory"),
            out(*(f"layer.{each}" for each in ("norm1", "norm2", "norm3", "linear2",
                                               "self_attn.out_proj", "multihead_attn.out_proj"))),
            into("layer.linear1", "head"),
            param("layer.self_attn.in_proj_weight", "layer.multihead_attn.in_proj_weight", dim=1),
            normalised=True,
        ),
        *(
            heads(
                3,
                param(f"layer.{each}.in_proj_weight", f"layer.{each}.in_proj_bias"),
                into(f"layer.{each}.out_proj"),
            )
            for each in ("self_attn", "multihead_attn")
        ),
        channels(10, out("layer.linear1"), into("layer.linear2")),
    )  # fmt: skip
    refused = refuse("output", "head")

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.memory, self.head = nn.Linear(4, 12), nn.Linear(5, 12), nn.Linear(12, 7)
        self.layer = nn.TransformerDecoderLayer(12, 3, dim_feedforward=10, batch_first=True)

    def example(self) -> tuple[Tensor, Tensor]:
        return draw(3, 4, 4), draw(3, 6, 5, seed=2)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        causal = torch.full((4, 4), float("-inf"), device=x.device, dtype=x.dtype).triu(1)
        return self.head(self.layer(self.stem(x), self.memory(memory), tgt_mask=causal))
