"""What a zoo network is: a tiny module that carries its own expected coupling groups."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

Member = tuple[str, int]
Inputs = Tensor | Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True)
class ExpectedGroup:
    """What must leave together: derived by hand from the network, never by an engine.

    Attributes:
        units: How many units there are; no unit may be left out, none counted twice.
        members: ``(parameter name as in named_parameters(), dimension)``, producers, biases,
            norms and consumers alike. Buffers are not listed.
        granularity: ``channel``, or ``head`` where one unit is an attention head.
        normalised: Whether a norm runs over the dimension that gets smaller.
    """

    units: int
    members: frozenset[Member]
    granularity: Literal["channel", "head"] = "channel"
    normalised: bool = False


@dataclass(frozen=True)
class ExpectedRefusal:
    """A layer whose outputs must stay, and a word that the reason must contain."""

    layer: str
    word: str


def out(*layers: str, bias: bool = True) -> frozenset[Member]:
    """Return the output dimension of convolutions and linear layers, or a norm's channels."""
    kinds = ("weight", "bias") if bias else ("weight",)
    return frozenset((f"{layer}.{kind}", 0) for layer in layers for kind in kinds)


def into(*layers: str) -> frozenset[Member]:
    """Return the input dimension of convolutions and linear layers."""
    return frozenset((f"{layer}.weight", 1) for layer in layers)


def param(*names: str, dim: int = 0) -> frozenset[Member]:
    """Return dimension ``dim`` of parameters given by their full names."""
    return frozenset((name, dim) for name in names)


def channels(units: int, *members: frozenset[Member], normalised: bool = False) -> ExpectedGroup:
    """Return a group of ``units`` channels with all ``members``."""
    return ExpectedGroup(units, frozenset().union(*members), "channel", normalised)


def heads(units: int, *members: frozenset[Member], normalised: bool = False) -> ExpectedGroup:
    """Return a group of ``units`` attention heads with all ``members``."""
    return ExpectedGroup(units, frozenset().union(*members), "head", normalised)


def refuse(word: str, *layers: str) -> tuple[ExpectedRefusal, ...]:
    """Return one refusal for each layer; an empty ``word`` accepts any reason."""
    return tuple(ExpectedRefusal(layer, word) for layer in layers)


ZOO: dict[str, type["ZooNetwork"]] = {}
"""Every network by its snake-case name, filled as the classes are defined."""


class ZooNetwork(nn.Module):
    """A tiny network with its own expected answer.

    Attributes:
        shape: Of one input sample; networks with other inputs override :meth:`example`.
        expected: All groups that can be pruned.
        refused: Layers that must be named as not prunable.
        either: Whether an engine may as well refuse the expected groups, by name: exact or honest.
        zeroing: Whether zeroing a unit's parameters in the dense network silences it (groups
            that are not normalised). False where a zero weight is not a number.
    """

    shape: ClassVar[tuple[int, ...]] = (3, 8, 8)
    expected: ClassVar[tuple[ExpectedGroup, ...]] = ()
    refused: ClassVar[tuple[ExpectedRefusal, ...]] = ()
    either: ClassVar[bool] = False
    zeroing: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__)
        if name.lower() in ZOO:
            raise ValueError(f"Expected zoo names to be unique, but got {name.lower()} twice.")
        ZOO[name.lower()] = cls

    def example(self) -> Inputs:
        """Return a batch of three samples, the same each time."""
        return draw(3, *self.shape)

    def scramble(self) -> None:
        """Give norms, biases and free parameters values that no removal can hide behind."""
        generator = torch.Generator().manual_seed(7)

        def uniform(like: Tensor, low: float, high: float) -> Tensor:
            return torch.rand(like.shape, generator=generator) * (high - low) + low

        with torch.no_grad():
            for name, value in self.named_parameters():
                if name.endswith("bias"):
                    value.copy_(uniform(value, -0.7, 0.7))
                elif value.ndim < 2:
                    value.copy_(uniform(value, 0.4, 1.6))
                elif value.numel() == 1 or float(value.std()) == 0.0:
                    value.copy_(uniform(value, -0.8, 0.8))
            norms = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
            for module in self.modules():
                if isinstance(module, norms) and module.running_mean is not None:
                    module.running_mean.copy_(uniform(module.running_mean, -0.5, 0.5))
                    module.running_var.copy_(uniform(module.running_var, 0.5, 2.0))


def draw(*shape: int, seed: int = 11) -> Tensor:
    """Return normal random numbers, the same each time."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tokens(vocabulary: int, *shape: int, seed: int = 13) -> Tensor:
    """Return random token numbers below ``vocabulary``, the same each time."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, vocabulary, shape, generator=generator)


def build(name: str) -> ZooNetwork:
    """Return the network ``name``, seeded, scrambled and in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = ZOO[name]()
    network.scramble()
    return network.eval()
