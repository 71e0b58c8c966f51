"""Tiny models of transformers and diffusers, made from their own classes and configurations."""

import inspect
from typing import Any, Final

import torch
from torch import Tensor, nn

from benchmarks.removal_table.inputs import Inputs, generator, images, real
from benchmarks.removal_table.tiny_transformers import TINY, TRANSFORMERS

DIFFUSERS: Final = ("unet2d", "unet2d_condition", "autoencoder_kl", "vq_model", "dit")


def transformers_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return the tiny model ``name`` of ``TRANSFORMERS`` and a batch for it."""
    import transformers as hub

    class_name, takes, own = TRANSFORMERS[name]
    made: Any = getattr(hub, class_name)
    kind: Any = made.config_class
    aliases = dict(getattr(kind, "attribute_map", {}))
    known = set(inspect.signature(kind.__init__).parameters)
    tiny = {key: value for key, value in TINY.items() if {key, aliases.get(key)} & known}
    given = {aliases.get(key, key) for key in own}
    tiny = {key: value for key, value in tiny.items() if aliases.get(key, key) not in given}
    return made(kind(**tiny, **own)), _batch(takes)


def _batch(takes: str) -> dict[str, Tensor]:
    first, _, more = takes.partition(" ")
    tokens = torch.randint(3, 60, (3, 16), generator=generator())
    side = int(more) if more.isdigit() else 32
    made: dict[str, dict[str, Tensor]] = {
        "text": {"input_ids": tokens},
        "image": {"pixel_values": images(side)},
        "video": {"pixel_values": real(3, 4, 3, 32, 32)},
        "wave": {"input_values": real(3, 400)},
        "sound": {"input_values": real(3, 1, 256)},
        "spectrum": {"input_values": real(3, 32, 16)},
        "spectrogram": {"input_features": real(3, 16, 32)},
        "frames": {"input_features": real(3, 32, 16)},
        "regions": {"visual_embeds": real(3, 5, 20)},
        "boxes": {"visual_feats": real(3, 5, 20), "visual_pos": real(3, 5, 4)},
        "series": {"past_values": real(3, 32, 3)},
        "trajectory": {
            "states": real(3, 6, 5), "actions": real(3, 6, 3), "rewards": real(3, 6, 1),
            "returns_to_go": real(3, 6, 1), "timesteps": torch.arange(6).expand(3, 6).clone(),
            "attention_mask": torch.ones(3, 6),
        },
    }  # fmt: skip
    batch = made[first]
    if more == "text":
        batch["input_ids"] = tokens
    if more == "pair":
        batch["decoder_input_ids"] = tokens[:, :9]
    return batch


def diffusers_model(name: str) -> tuple[nn.Module, Inputs]:
    """Return a small model of diffusers and a batch for it."""
    import diffusers as hub

    step = torch.tensor([3, 7, 5])
    blocks = {"block_out_channels": (16, 32), "layers_per_block": 1, "norm_num_groups": 4}
    if name == "unet2d":
        model = hub.UNet2DModel(
            sample_size=16, in_channels=3, out_channels=3, attention_head_dim=8,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"), **blocks,
        )  # fmt: skip
        return model, {"sample": real(3, 3, 16, 16), "timestep": step}
    if name == "unet2d_condition":
        model = hub.UNet2DConditionModel(
            sample_size=16, in_channels=4, out_channels=4, cross_attention_dim=24,
            attention_head_dim=8, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"), **blocks,
        )  # fmt: skip
        return model, {
            "sample": real(3, 4, 16, 16), "timestep": step, "encoder_hidden_states": real(3, 7, 24)
        }  # fmt: skip
    if name == "autoencoder_kl":
        model = hub.AutoencoderKL(
            latent_channels=4, sample_size=16, down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2, **blocks,
        )  # fmt: skip
        return model, {"sample": real(3, 3, 16, 16)}
    if name == "vq_model":
        model = hub.VQModel(
            latent_channels=4, num_vq_embeddings=16, down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2, **blocks,
        )  # fmt: skip
        return model, {"sample": real(3, 3, 16, 16)}
    model = hub.DiTTransformer2DModel(
        num_attention_heads=4, attention_head_dim=8, in_channels=4, num_layers=2,
        sample_size=16, patch_size=4, num_embeds_ada_norm=10, norm_num_groups=4,
    )  # fmt: skip
    return model, {
        "hidden_states": real(3, 4, 16, 16), "timestep": step,
        "class_labels": torch.tensor([1, 2, 3]),
    }  # fmt: skip
