"""Public models with cheap random weights, and a small batch for each."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

import torch
from torch import Tensor, nn

Inputs = Tensor | dict[str, Tensor]

FAMILIES: Final = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s",
    "googlenet", "inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
    "regnet_x_400mf", "regnet_y_400mf", "resnet18", "resnext50_32x4d", "shufflenet_v2_x0_5",
    "squeezenet1_0", "swin_t", "swin_v2_t", "vgg11", "vit_b_16", "wide_resnet50_2",
)  # fmt: skip
"""One torchvision classifier of each family, the smallest."""

TIMM: Final = (
    "beit_base_patch16_224", "cait_xxs24_224", "coatnet_nano_rw_224", "convmixer_768_32",
    "convnext_atto", "crossvit_tiny_240", "davit_tiny", "deit_tiny_patch16_224", "dla34",
    "edgenext_xx_small", "efficientnet_lite0", "fastvit_t8", "ghostnet_050", "gmixer_12_224",
    "gmlp_ti16_224", "hrnet_w18_small", "inception_next_atto", "levit_128s", "mixer_s32_224",
    "mobilenetv4_conv_small", "mobilenetv4_hybrid_medium", "mobilevit_xxs", "nfnet_l0",
    "pit_ti_224", "poolformer_s12", "pvt_v2_b0", "regnety_002", "repvgg_a0",
    "res2net50_14w_8s", "resmlp_12_224", "resnest14d", "swin_tiny_patch4_window7_224",
    "twins_svt_small", "vgg11_bn", "visformer_tiny", "xcit_nano_12_p16_224",
)  # fmt: skip
"""timm models, each of a family of its own."""

TRANSFORMERS: Final = ("bert", "gpt2", "llama")

_NORM_GAINS: Final = {"efficientnet_v2_l": 0.4}
"""Models whose random outputs would span so much (1e10) that float32 says nothing about the law:
79 residual blocks, each of which adds. Their norms' weights are drawn around this instead of 1."""

_SIZES: Final = {"inception_v3": 96, "maxvit_t": 224, "alexnet": 96, "vit_h_14": 56}


def names(of: str) -> list[str]:
    """Return the models of a set: ``torchvision`` classifiers, ``others``, one kind, or ``all``."""
    import torchvision

    sets: dict[str, list[str]] = {
        "torchvision": torchvision.models.list_models(torchvision.models),
        "segmentation": torchvision.models.list_models(torchvision.models.segmentation),
        "timm": [f"timm:{name}" for name in TIMM],
        "transformers": [f"transformers:{name}" for name in TRANSFORMERS],
    }
    if of in sets:
        return sets[of]
    return [
        name for kind, each in sets.items() if kind != "torchvision" or of == "all" for name in each
    ]


def build(name: str) -> tuple[nn.Module, Inputs]:
    """Return a model with random weights in evaluation mode, and a batch of three samples.

    Biases and running statistics are random as well, so that a unit that is not really silent
    shows. The models' own initialisers, which take minutes for the large ones, do nothing.
    """
    source, _, own = name.rpartition(":")
    makers = {"": _torchvision, "timm": _timm, "transformers": _transformers}
    torch.manual_seed(0)
    with _without_initialisers():
        model, inputs = makers[source](own)
    _fill(model, _NORM_GAINS.get(own, 1.0))
    return model.eval(), inputs


def _torchvision(name: str) -> tuple[nn.Module, Inputs]:
    import torchvision

    size = _SIZES.get(name, 64)
    extra: dict[str, Any] = {"image_size": size} if name.startswith("vit") else {}
    if name in ("googlenet", "inception_v3"):
        extra = {"init_weights": False}
    if name in torchvision.models.list_models(torchvision.models.segmentation):
        extra = {"weights_backbone": None}
    return torchvision.models.get_model(name, weights=None, **extra), _images(size)


def _timm(name: str) -> tuple[nn.Module, Inputs]:
    import timm

    size = int(timm.get_pretrained_cfg(name, allow_unregistered=False).input_size[-1])
    convolutional = not any(char in name for char in ("_224", "_240", "levit", "visformer"))
    return timm.create_model(name), _images(64 if convolutional else size)


def _transformers(name: str) -> tuple[nn.Module, Inputs]:
    """Tiny language models of the library's own classes, made from their configurations."""
    import transformers as hub

    plain = {"vocab_size": 64}
    config: Any
    if name == "bert":
        config = hub.BertConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
            max_position_embeddings=16, **plain,
        )  # fmt: skip
        model: nn.Module = hub.BertForSequenceClassification(config)
    elif name == "gpt2":
        config = hub.GPT2Config(
            n_embd=32, n_layer=2, n_head=4, n_positions=16, use_cache=False, **plain
        )
        model = hub.GPT2LMHeadModel(config)
    else:
        config = hub.LlamaConfig(
            hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=8,
            num_key_value_heads=4, max_position_embeddings=16, use_cache=False, **plain,
        )  # fmt: skip
        model = hub.LlamaForCausalLM(config)
    generator = torch.Generator().manual_seed(1)
    return model, {"input_ids": torch.randint(64, (3, 9), generator=generator)}


def _images(size: int) -> Tensor:
    return torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(1))


@contextlib.contextmanager
def _without_initialisers() -> Iterator[None]:
    """Let every function of ``torch.nn.init`` return its tensor as it is."""

    def untouched(tensor: Tensor, *_: Any, **__: Any) -> Tensor:
        return tensor

    known: dict[str, Any] = {
        name: untouched
        for name in dir(torch.nn.init)
        if name.endswith("_") and not name.startswith("_")
    }
    with mock.patch.multiple(torch.nn.init, **known):
        yield


@torch.no_grad()
def _fill(model: nn.Module, gain: float) -> None:
    """Draw weights with He's variance, those of norms around ``gain``, the rest around 1 or 0."""
    generator = torch.Generator().manual_seed(0)
    statistics = [
        (name, value)
        for name, value in model.named_buffers()
        if name.endswith(("running_mean", "running_var"))
    ]
    for name, value in [*model.named_parameters(), *statistics]:
        if value.numel() > max(value.shape, default=1):
            reach = math.sqrt(6 * value.shape[0] / value.numel())
            value.uniform_(-reach, reach, generator=generator)
        elif name.endswith(("weight", "var")):
            value.uniform_(0.5, 1.5, generator=generator)
            value *= gain if name.endswith("weight") else 1.0
        else:
            value.uniform_(-0.5, 0.5, generator=generator)
