"""ExecuTorch: a program for phones and small boards, its operators those of XNNPACK."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prunescope.errors import CannotCapture
from prunescope.export.formats.format import Format, LoadingCode
from prunescope.export.loaded import Loaded
from prunescope.sources.nested_tensors import unpack

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from prunescope.export.deliverable import Deliverable
    from prunescope.export.recipe import Recipe


class ExecuTorch(Format):
    """The graph for one sample, lowered to XNNPACK where it has the operators."""

    name = "executorch"
    file = "model.pte"
    title = "ExecuTorch"
    purpose = (
        "Runs in ExecuTorch on phones and small boards, one sample at a time, its operators those "
        "of XNNPACK where it has them."
    )
    rank = 8
    graph = True
    usual = False
    opaque = True
    packages = ("executorch",)

    def unavailable(self) -> str | None:
        """Say where the package is missing."""
        if importlib.util.find_spec("executorch") is not None:
            return None
        return (
            "Expected the package executorch, but it is missing. pip install "
            "'prunescope[executorch]'."
        )

    def write(self, made: Deliverable, folder: Path) -> None:
        """Export the graph for one sample, and lower it."""
        import torch

        from prunescope.capture.graph import call_arguments, take
        from prunescope.export.formats.pt2 import first_sentence

        assert made.captured is not None
        args, kwargs = call_arguments(take(made.captured.example, slice(0, 1)))
        try:
            with _quiet(), torch.no_grad():
                from executorch.backends.xnnpack.partition.xnnpack_partitioner import (
                    XnnpackPartitioner,
                )
                from executorch.exir import to_edge_transform_and_lower

                program = torch.export.export(made.captured.module, args, kwargs, strict=False)
                lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
                (folder / self.file).write_bytes(lowered.to_executorch().buffer)
        except Exception as error:  # its errors share no type
            raise CannotCapture(
                f"Expected a graph that ExecuTorch can lower, but got: {first_sentence(error)} "
                "Export .pt2 or ONNX instead."
            ) from error

    def load(self, file: Path, recipe: Path, threads: int, study: Path | None) -> Loaded:
        """Load the program; the recipe is not read."""
        del recipe, study
        return LoadedProgram(file, threads)

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return a function that gives a method to execute."""
        del recipe
        return LoadingCode(_LOAD, _TRIAL)


class LoadedProgram:
    """A program that ExecuTorch runs; a batch goes through it sample by sample."""

    def __init__(self, file: Path, threads: int) -> None:
        from executorch.extension.pybindings import portable_lib
        from executorch.runtime import Runtime

        portable_lib._unsafe_reset_threadpool(threads)
        self._program = Runtime.get().load_program(str(file))
        self._method = self._program.load_method("forward")

    def versions(self) -> dict[str, str]:
        """Return ExecuTorch's version, and that it takes one sample."""
        from importlib.metadata import version

        return {"executorch": version("executorch"), "batch": "of one"}

    def run(self, source: Path, structure: dict[str, Any], target: Path) -> int:
        """Run the samples one after the other, and put their outputs together."""
        import torch
        from safetensors.torch import load_file, save_file

        leaves = _leaves(source, structure, load_file)
        found: list[list[Tensor]] = []
        for row in range(len(leaves[0])):
            outputs = self._method.execute([leaf[row : row + 1].contiguous() for leaf in leaves])
            found.append([each.clone() for each in outputs if isinstance(each, torch.Tensor)])
        whole = [torch.cat(parts) for parts in zip(*found, strict=True)]
        save_file({str(place): each.contiguous() for place, each in enumerate(whole)}, target)
        return len(whole)

    def prepared(self, source: Path, structure: dict[str, Any]) -> Callable[[], object]:
        """Return a run of the first sample."""
        from safetensors.torch import load_file

        first = [leaf[:1].contiguous() for leaf in _leaves(source, structure, load_file)]
        return lambda: self._method.execute(first)

    def weights(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Nothing: XNNPACK keeps them packed in its own order."""
        return "", 0, {}


def _leaves(
    source: Path, structure: dict[str, Any], read: Callable[[Path], dict[str, Tensor]]
) -> list[Tensor]:
    import torch
    from torch.utils import _pytree as pytree

    leaves = pytree.tree_leaves(unpack(structure, read(source)))
    return [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what it logs and warns of its own dependencies while it is imported and lowers."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


_LOAD: Final = '''

def load_executorch():
    """model.pte: load_executorch().execute([tensor of one sample]) gives the outputs."""
    from executorch.runtime import Runtime

    return Runtime.get().load_program(HERE / "model.pte").load_method("forward")
'''

_TRIAL: Final = """
    print(f"model.pte: {load_executorch()}")
"""

FORMAT = ExecuTorch()
