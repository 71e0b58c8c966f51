"""OpenVINO IR: the ONNX graph converted for Intel's processors, graphics and NPUs."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from prunescope.errors import CannotCapture
from prunescope.export.formats.format import Format, LoadingCode
from prunescope.export.loaded import Loaded
from prunescope.sources.nested_tensors import unpack

if TYPE_CHECKING:
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.export_report import Check
    from prunescope.export.promise import Promise
    from prunescope.export.recipe import Recipe

EXTRA: Final = "openvino"
_WEIGHTS: Final = "model.bin"


class OpenVino(Format):
    """A graph (``.xml``) and its weights (``.bin``), in floats of 32 bits."""

    name = "openvino"
    file = "model.xml"
    title = "OpenVINO IR"
    purpose = (
        "Runs in OpenVINO on Intel's processors, graphics and NPUs, at any batch size, and at any "
        "other size that is free in the model; model.bin belongs to it."
    )
    rank = 6
    graph = True
    usual = False
    packages = ("openvino",)
    beside = (_WEIGHTS,)
    parts = (_WEIGHTS,)

    def unavailable(self) -> str | None:
        """Say where the package is missing."""
        return missing()

    def write(self, made: Deliverable, folder: Path) -> None:
        """Export the graph, convert it to ONNX, and that to OpenVINO's own."""
        from prunescope.export.formats.pt2 import exported
        from prunescope.export.write_onnx import write_onnx

        assert made.captured is not None
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            file = Path(aside) / "model.onnx"
            write_onnx(exported(made.captured), file, made.dimensions)
            _convert(file, folder / self.file)

    def load(self, file: Path, recipe: Path, threads: int, study: Path | None) -> Loaded:
        """Compile the graph for the processor, without torch; the recipe is not read."""
        del recipe, study
        return LoadedOpenVino(file, threads)

    def size(self, file: Path, tensors: int, promised: Promise) -> Check:
        """Return the check of both files' bytes: tensors, and a graph beside them."""
        from prunescope.export.promised_bytes import with_graph

        del tensors
        return with_graph(file, promised, file.with_name(_WEIGHTS))

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return a function that gives a compiled model."""
        del recipe
        return LoadingCode(_LOAD, _TRIAL)


class LoadedOpenVino:
    """A graph that OpenVINO runs on the processor."""

    def __init__(self, file: Path, threads: int) -> None:
        import openvino

        self._model = openvino.Core().read_model(str(file))
        self._call = Compiled(self._model, threads)

    def versions(self) -> dict[str, str]:
        """Return OpenVINO's version, and what the graph takes, free sizes as ``?``."""
        import openvino

        inputs = {
            f"input {each.get_any_name()}": "×".join(
                str(size) if size.is_static else "?" for size in each.get_partial_shape()
            )
            or "scalar"
            for each in self._model.inputs
        }
        return {"openvino": str(openvino.__version__).partition("-")[0]} | inputs

    def run(self, source: Path, structure: dict[str, Any], target: Path) -> int:
        """Run the graph on arrays."""
        from safetensors.numpy import load_file, save_file

        args, kwargs = unpack(structure, load_file(source))
        outputs = self._call.prepared(args, kwargs)()
        save_file({str(i): np.ascontiguousarray(a) for i, a in enumerate(outputs)}, target)
        return len(outputs)

    def prepared(self, source: Path, structure: dict[str, Any]) -> Callable[[], object]:
        """Return a run of the graph."""
        from safetensors.numpy import load_file

        return self._call.prepared(*unpack(structure, load_file(source)))

    def weights(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Return bytes and zeros of the constants; no hash, since folding changes values."""
        constants = [op for op in self._model.get_ops() if op.get_type_name() == "Constant"]
        arrays = {op.get_friendly_name(): op.data for op in constants if len(op.shape) > 1}
        size = sum(array.nbytes for array in arrays.values())
        return "", size, {name: array == 0 for name, array in arrays.items()}


class Compiled:
    """A graph compiled for the processor, in the precision of its numbers.

    Processors with wider units would take bfloat16 where the caller does not say otherwise, and
    outputs would differ.

    Args:
        model: A file that OpenVINO reads (IR or ONNX), or a graph that it has read.
        threads: That may compute.
    """

    def __init__(self, model: Any, threads: int) -> None:
        import openvino

        source = str(model) if isinstance(model, Path) else model
        settings = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        self._model = openvino.Core().compile_model(source, "CPU", settings)
        self._request = self._model.create_infer_request()

    def prepared(self, args: Any, kwargs: dict[str, Any]) -> Callable[[], list[np.ndarray]]:
        """Return a run on the arguments of a call, as arrays."""
        from prunescope.export.onnx_sessions import named_arrays

        names = [each.get_any_name() for each in self._model.inputs]
        arrays = named_arrays(names, args, kwargs)

        def call() -> list[np.ndarray]:
            found = self._request.infer(arrays, share_inputs=True)
            return [found[output] for output in self._model.outputs]

        return call


def missing() -> str | None:
    """Return how OpenVINO is installed where it is not, in a sentence; else None."""
    if importlib.util.find_spec("openvino") is not None:
        return None
    return f"Expected the package openvino, but it is missing. pip install 'prunescope[{EXTRA}]'."


def _convert(source: Path, target: Path) -> None:
    import openvino

    try:
        model = openvino.Core().read_model(str(source))
        openvino.save_model(model, str(target), compress_to_fp16=False)
    except Exception as error:  # OpenVINO's errors share no type
        raise CannotCapture(
            "Expected a graph that OpenVINO can express, but got: "
            f"{(str(error).strip().splitlines() or [type(error).__name__])[-1][:300].rstrip('.')}."
            " Export ONNX instead."
        ) from error


_LOAD: Final = '''

def load_openvino():
    """model.xml with model.bin: load_openvino()(array) gives the outputs as arrays."""
    import openvino

    return openvino.Core().compile_model(
        HERE / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
'''

_TRIAL: Final = """
    compiled = load_openvino()
    for each in compiled.inputs:
        print(f"model.xml: input {each.get_any_name()}, {each.get_partial_shape()}")
"""

FORMAT = OpenVino()
