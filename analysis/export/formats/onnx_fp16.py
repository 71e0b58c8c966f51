"""ONNX in half precision: half of the bytes, for runtimes that compute in it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.errors import CannotCapture
from prunescope.export.formats.format import Format, LoadingCode
from prunescope.export.loaded import Loaded

if TYPE_CHECKING:
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.recipe import Recipe


class OnnxHalf(Format):
    """The pruned graph with numbers of 16 bits; floats of 32 bits go in and come out."""

    name = "onnx-fp16"
    file = "model.fp16.onnx"
    title = "ONNX fp16"
    purpose = (
        "Half of the bytes, for GPUs and phones that compute in half precision; a desktop "
        "processor gains no speed by it."
    )
    rank = 5
    graph = True
    usual = False
    rounding = "fp16"
    note = "half precision"
    packages = ("onnx", "onnxruntime")

    def write(self, made: Deliverable, folder: Path) -> None:
        """Export the graph, convert it, and round it."""
        from prunescope.export.formats.pt2 import exported
        from prunescope.export.write_onnx import write_onnx

        assert made.captured is not None
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            floats = Path(aside) / "model.onnx"
            write_onnx(exported(made.captured), floats, made.dimensions, made.opset)
            _halve(floats, folder / self.file)

    def load(self, file: Path, recipe: Path, threads: int, study: Path | None) -> Loaded:
        """Open a session, without torch; the recipe is not read."""
        from prunescope.export.formats.onnx import LoadedOnnx

        del recipe, study
        return LoadedOnnx(file, threads)

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return a function that gives a session."""
        del recipe
        from prunescope.export.formats.onnx import session_code

        return session_code(
            "load_onnx_fp16",
            self.file,
            "session.run(None, {name: array}); floats of 32 bits go in and come out.",
        )


def _halve(source: Path, target: Path) -> None:
    import warnings

    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it names every number that half precision rounds
            half = convert_float_to_float16(
                onnx.load_model(str(source)), keep_io_types=True, disable_shape_infer=False
            )
    except Exception as error:  # the converter's errors share no type
        raise CannotCapture(
            "Expected a graph that half precision can express, but got: "
            f"{(str(error).splitlines() or [type(error).__name__])[0][:300].rstrip('.')}. Export "
            "ONNX without fp16."
        ) from error
    onnx.save_model(half, str(target))


_SAYS: Final = "session.run(None, {name: array}); floats of 32 bits go in and come out."

FORMAT = OnnxHalf()
