"""ONNX, as a format of exports. Torch is only loaded to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from prunescope.export.formats.format import Format, LoadingCode
from prunescope.export.loaded import Loaded
from prunescope.export.onnx_sessions import feed, session
from prunescope.fence.onnx_files import read_onnx
from prunescope.sources.nested_tensors import unpack

if TYPE_CHECKING:
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.recipe import Recipe


class Onnx(Format):
    """A graph that many runtimes read."""

    name = "onnx"
    file = "model.onnx"
    title = "ONNX"
    purpose = (
        "Runs in ONNX Runtime and whatever else reads ONNX, at any batch size, and at any other "
        "size that is free in the model."
    )
    rank = 2
    graph = True
    packages = ("onnx", "onnxruntime")

    def write(self, made: Deliverable, folder: Path) -> None:
        """Export the graph and convert it."""
        from prunescope.export.formats.pt2 import exported
        from prunescope.export.write_onnx import write_onnx

        assert made.captured is not None
        write_onnx(exported(made.captured), folder / self.file, made.dimensions, made.opset)

    def load(self, file: Path, recipe: Path, threads: int, study: Path | None) -> Loaded:
        """Open a session, without torch; the recipe is not read."""
        del recipe, study
        return LoadedOnnx(file, threads)

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return a function that gives a session."""
        del recipe
        return session_code(
            "load_onnx", self.file, "session.run(None, {name: array}) gives the outputs as arrays."
        )


class LoadedOnnx:
    """A file that ONNX Runtime runs."""

    def __init__(self, file: Path, threads: int) -> None:
        self._opsets = tuple(read_onnx(file).opset_import)
        self._file = file
        self._session = session(file, threads)

    def versions(self) -> dict[str, str]:
        """Return ONNX Runtime's version, the graph's opset, and what it takes, sizes named."""
        import onnxruntime

        opsets = [each.version for each in self._opsets if each.domain in ("", "ai.onnx")]
        inputs = {
            f"input {each.name}": "×".join(map(str, each.shape)) or "scalar"
            for each in self._session.get_inputs()
        }
        return {
            "onnxruntime": str(onnxruntime.__version__),
            "opset": str(max(opsets, default=0)),
        } | inputs

    def run(self, source: Path, structure: dict[str, Any], target: Path) -> int:
        """Run the session on arrays."""
        from safetensors.numpy import load_file, save_file

        args, kwargs = unpack(structure, load_file(source))
        outputs = self._session.run(None, feed(self._session, args, kwargs))
        save_file({str(i): np.ascontiguousarray(a) for i, a in enumerate(outputs)}, target)
        return len(outputs)

    def prepared(self, source: Path, structure: dict[str, Any]) -> Callable[[], object]:
        """Return a run of the session."""
        from safetensors.numpy import load_file

        args, kwargs = unpack(structure, load_file(source))
        arrays = feed(self._session, args, kwargs)
        return lambda: self._session.run(None, arrays)

    def weights(self) -> tuple[str, int, dict[str, np.ndarray]]:
        """Return bytes and zeros of the constants; no hash, since folding changes values."""
        arrays = weights(self._file)
        size = sum(array.nbytes for array in arrays.values())
        return "", size, {name: array == 0 for name, array in arrays.items()}


def weights(path: Path) -> dict[str, np.ndarray]:
    """Return every constant of two or more dimensions that the file holds, by name."""
    from onnx import numpy_helper

    model = read_onnx(path)
    return {
        each.name: numpy_helper.to_array(each)
        for each in model.graph.initializer
        if len(each.dims) > 1
    }


def session_code(function: str, file: str, says: str) -> LoadingCode:
    """Return the code of a function that opens an ONNX file in a session, and a trial of it.

    Args:
        function: Its name.
        file: The file's name, beside the script.
        says: How the session is used, for its docstring.
    """
    names = {"function": function, "file": file, "says": says}
    return LoadingCode(_LOAD.format(**names), _TRIAL.format(**names))


_LOAD: Final = '''

def {function}():
    """{file}: {says}"""
    import onnxruntime

    return onnxruntime.InferenceSession(
        str(HERE / "{file}"), providers=["CPUExecutionProvider"]
    )
'''

_TRIAL: Final = """
    session = {function}()
    for each in session.get_inputs():
        print(f"{file}: input {{each.name}}, {{each.type}}, shape {{each.shape}}")
"""

FORMAT = Onnx()
