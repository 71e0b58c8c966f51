"""``hf:ID`` or ``hf:FOLDER``: models of Hugging Face's transformers, from the Hub or a folder.

The class is the one that ``config.json`` names under ``architectures``; else transformers' own
choice for the kind of model. Weights are read from safetensors only, and code that comes with a
model is never run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from prunescope.commands import next_steps
from prunescope.errors import BadReference
from prunescope.model_kinds.downloads import downloading
from prunescope.model_kinds.kind import ModelKind

if TYPE_CHECKING:
    from torch import nn

_TOKENS: Final = 16
_SAMPLES: Final = 16_000
_FRAMES: Final = 3_000


class HuggingFace(ModelKind):
    """A model of transformers."""

    name = "hf"
    form = "hf:ID-OR-FOLDER"
    packages = ("transformers",)
    rank = 3

    def load(self, name: str, random: bool) -> nn.Module:
        """Return the model in the folder ``name``, or the one with that id on the Hub."""
        self.require_packages(f"hf:{name}")
        config = _configuration(name)
        kind = _class(config)
        if random:
            with downloading(f"the model of {name}", _place(name), weights=False):
                made = kind._from_config(config) if hasattr(kind, "_from_config") else (
                    kind.from_config(config, trust_remote_code=False)
                )  # fmt: skip
                return cast("nn.Module", made)
        if Path(name).is_dir():
            _require_safetensors(Path(name))
        with downloading(f"the weights of {name}, as safetensors,", _place(name)):
            loaded = kind.from_pretrained(
                name, config=config, use_safetensors=True, dtype="auto", trust_remote_code=False,
                local_files_only=Path(name).is_dir(),
            )  # fmt: skip
            return cast("nn.Module", loaded.float())

    def example(self, name: str) -> Any:
        """Return random tokens, images or sounds, as the configuration describes them."""
        self.require_packages(f"hf:{name}")
        config = _configuration(name)
        return _inputs(config, _class(config))


def _configuration(name: str) -> Any:
    from transformers import AutoConfig

    path = Path(name or "?")  # without a name, this would be the working folder
    if path.is_dir() and not (path / "config.json").is_file():
        raise BadReference(
            f"Expected {name} to hold a model of transformers, but it has no config.json. Save it "
            "again with model.save_pretrained(folder)."
        )
    if not path.is_dir() and (name.count("/") > 1 or name.startswith((".", "/", "~")) or not name):
        raise BadReference(
            f"Expected {name!r} to be a folder or an id of the Hub such as google/bert-tiny, but "
            "there is no such folder. Check the path."
        )
    with downloading(f"the configuration of {name}", _place(name), weights=False):
        config = AutoConfig.from_pretrained(
            name, trust_remote_code=False, local_files_only=path.is_dir()
        )
    config.use_cache = False  # its tensors would be outputs
    return config


def _class(config: Any) -> Any:
    """The class of transformers that the configuration names, or the base model's."""
    import transformers

    for name in config.architectures or ():
        kind = getattr(transformers, str(name), None)
        if isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel):
            return kind
    return transformers.AutoModel


def _inputs(config: Any, kind: Any) -> dict[str, Any] | None:
    import torch

    text = getattr(config, "text_config", config)
    main = getattr(kind, "main_input_name", "input_ids")
    words = int(getattr(text, "vocab_size", None) or 2)
    tokens = torch.randint(0, words, (2, min(_TOKENS, _longest(text))))
    if main == "input_ids":
        more = {"decoder_input_ids": tokens.clone()} if config.is_encoder_decoder else {}
        return {"input_ids": tokens, **more}
    if main == "pixel_values":
        side = getattr(config, "image_size", 224)
        height, width = side if isinstance(side, list | tuple) else (side, side)
        return {"pixel_values": torch.randn(2, getattr(config, "num_channels", 3), height, width)}
    if main == "input_values":
        return {"input_values": torch.randn(2, _SAMPLES)}
    if main == "input_features":
        bins = getattr(config, "num_mel_bins", 80)
        return {"input_features": torch.randn(2, bins, _FRAMES), "decoder_input_ids": tokens}
    return None


def _longest(config: Any) -> int:
    return int(getattr(config, "max_position_embeddings", None) or _TOKENS)


def _require_safetensors(folder: Path) -> None:
    if not any(folder.glob("*.safetensors")):
        raise BadReference(
            f"Expected {folder} to hold weights as .safetensors, but it has none. Save them again "
            f"with model.save_pretrained(folder), or take {next_steps.random_weights()}."
        )


def _place(name: str) -> str:
    return f"the folder {name}" if Path(name).is_dir() else "huggingface.co"


KIND = HuggingFace()
