"""An exported file, loaded in the fresh process: what can be asked of it. Torch-free to import."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from prunescope.sources.nested_tensors import unpack

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


class Loaded(Protocol):
    """An exported file, loaded."""

    def versions(self) -> dict[str, str]:
        """Return the versions of what loaded it."""

    def run(self, source: Path, structure: dict[str, Any], target: Path) -> int:
        """Call the model with the tensors in ``source``; write all tensors it returns."""

    def prepared(self, source: Path, structure: dict[str, Any]) -> Callable[[], object]:
        """Return a call of the model with the tensors in ``source``, to be timed."""

    def weights(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Return hash (or an empty text), bytes, and where each weight is zero."""


class LoadedModule:
    """A file that becomes a torch module.

    Args:
        load: Loads the file; called once, with torch limited to ``threads``.
        threads: That may compute.
    """

    def __init__(self, load: Callable[[], nn.Module], threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.module = load()

    def versions(self) -> dict[str, str]:
        """Return torch's version."""
        import torch

        return {"torch": str(torch.__version__)}

    def run(self, source: Path, structure: dict[str, Any], target: Path) -> int:
        """Call the module without gradients."""
        import torch
        from safetensors.torch import load_file, save_file
        from torch.utils import _pytree as pytree

        args, kwargs = unpack(structure, load_file(source))
        with torch.inference_mode():
            outputs = pytree.tree_leaves(self.module(*args, **kwargs))
        found = [leaf for leaf in outputs if isinstance(leaf, torch.Tensor)]
        save_file({str(i): leaf.clone().contiguous() for i, leaf in enumerate(found)}, target)
        return len(found)

    def prepared(self, source: Path, structure: dict[str, Any]) -> Callable[[], object]:
        """Return a call without gradients."""
        import torch
        from safetensors.torch import load_file

        args, kwargs = unpack(structure, load_file(source))

        def call() -> object:
            with torch.inference_mode():
                return self.module(*args, **kwargs)

        return call

    def weights(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Return hash, bytes and zeros of parameters and saved buffers."""
        from prunescope.export.tensors import (
            saved_tensors,
            tensor_bytes,
            weights_sha256,
            zero_patterns,
        )

        tensors = saved_tensors(self.module)
        return weights_sha256(tensors), tensor_bytes(tensors), zero_patterns(tensors)
