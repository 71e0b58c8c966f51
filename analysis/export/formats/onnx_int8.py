"""ONNX in 8-bit integers: about a quarter of the bytes, and integer kernels where there are any."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.export.formats.format import Format, LoadingCode
from prunescope.export.loaded import Loaded

if TYPE_CHECKING:
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.recipe import Recipe


class OnnxInt8(Format):
    """The pruned graph, quantised with the calibration split; see ``export.quantise_onnx``."""

    name = "onnx-int8"
    file = "model.int8.onnx"
    title = "ONNX int8"
    purpose = (
        "A quarter to a third of the bytes, and faster where the processor has integer "
        "kernels; refused where it costs more of the score than you accept."
    )
    rank = 4
    graph = True
    usual = False
    rounding = "int8"
    note = "8-bit integers"
    packages = ("onnx", "onnxruntime")

    def write(self, made: Deliverable, folder: Path) -> None:
        """Export the graph, convert it, and round it."""
        from prunescope.export.formats.pt2 import exported
        from prunescope.export.quantise_onnx import calibration_feeds, quantise
        from prunescope.export.write_onnx import write_onnx

        assert made.captured is not None
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            floats = Path(aside) / "model.onnx"
            write_onnx(exported(made.captured), floats, made.dimensions, made.opset)
            quantise(floats, folder / self.file, calibration_feeds(floats, made.calibration))

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
            "load_onnx_int8",
            self.file,
            "session.run(None, {name: array}); floats go in and come out.",
        )


_SAYS: Final = "session.run(None, {name: array}); floats go in and come out."

FORMAT = OnnxInt8()
