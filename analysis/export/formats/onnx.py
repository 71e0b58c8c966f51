"""ONNX: written through torch's exporter, run by ONNX Runtime. Torch is only loaded to write."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from prunescope.errors import CannotCapture
from prunescope.export.formats.format import Format, LoadingCode
from prunescope.export.loaded import Loaded
from prunescope.fence.onnx_files import read_onnx
from prunescope.sources.nested_tensors import unpack

if TYPE_CHECKING:
    import torch

    from prunescope.capture.free_dimensions import FreeDimension
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.recipe import Recipe

_OPERATOR: Final = re.compile(r"(?<=op=')[\w.]+")
_LARGEST: Final = 2 << 30
"""A protobuf cannot be larger; past it ONNX keeps the weights in a second file."""


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

        assert made.captured is not None
        write(exported(made.captured), folder / self.file, made.dimensions, made.opset)

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


def write(
    program: torch.export.ExportedProgram,
    path: Path,
    dimensions: Sequence[FreeDimension] = (),
    opset: int | None = None,
) -> None:
    """Write ``program`` to ``path`` in one file; its free sizes have the names of ``dimensions``.

    Outputs in a dict keep their names.

    torch folds batch norms into the convolutions before them: the weights' zeros stay where they
    are, their other values change.

    Args:
        program: What is written.
        path: Of the file.
        dimensions: Names of the sizes that are free.
        opset: Of the operators; None for the one that torch writes.

    Raises:
        CannotCapture: An operator has no ONNX counterpart in this opset, or the file would exceed
            2 GiB.
    """
    import torch

    size = sum(t.numel() * t.element_size() for t in program.state_dict.values())
    if size >= _LARGEST:
        raise CannotCapture(
            f"Expected less than 2 GiB of weights for one ONNX file, but got {size / 2**30:.1f} "
            "GiB. Export .pt2 or plain weights."
        )
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # the exporter prints its steps
            made = torch.onnx.export(
                program, (), dynamo=True, external_data=False, verbose=False, optimize=True,
                opset_version=opset,
            )  # fmt: skip
    except Exception as error:
        raise CannotCapture(
            f"Expected a graph that ONNX can express, but got: {_lacking(error)} Export .pt2 or "
            "plain weights instead."
        ) from error
    if made is None:
        raise CannotCapture("Expected torch to return an ONNX program, but got none.")
    _require_opset(made.model, opset)
    _forget_paths(made.model)
    _name_sizes(made.model, dimensions)
    _name_outputs(made.model, program)
    made.save(str(path), external_data=False)


def _lacking(error: Exception) -> str:
    """The operator that has no ONNX form, which the exporter names in a cause; or what it says."""
    from prunescope.export.formats.pt2 import first_sentence

    cause: BaseException | None = error
    while cause is not None:
        named = _OPERATOR.search(str(cause))
        if "No ONNX function" in str(cause) and named is not None:
            return f"the operator {named.group(0)}, which it lacks."
        cause = cause.__cause__ or cause.__context__
    return first_sentence(error)


def _require_opset(model: Any, opset: int | None) -> None:
    """Torch keeps its own opset, with a warning, where an operator has no older form."""
    got = model.graph.opset_imports.get("", 0)
    if opset is not None and got != opset:
        raise CannotCapture(
            f"Expected a graph that ONNX opset {opset} can express, but torch writes it in opset "
            f"{got}. Export with opset {got}, or leave it out."
        )


def _name_outputs(model: Any, program: torch.export.ExportedProgram) -> None:
    """Give outputs that the network returns in a dict the names that they have there."""
    from torch.utils import _pytree as pytree

    from prunescope.capture.outputs import named_leaves

    spec, outputs = program.call_spec.out_spec, model.graph.outputs
    if spec is None or spec.num_leaves != len(outputs) or spec.type is not dict:
        return
    names = [name for name, _ in named_leaves(pytree.tree_unflatten([*range(len(outputs))], spec))]
    taken = {value.name for value in model.graph.inputs} | set(model.graph.initializers)
    taken |= {value.name for node in model.graph for value in node.outputs}
    if len({id(value) for value in outputs}) == len(outputs) and not taken & set(names):
        for value, name in zip(outputs, names, strict=True):
            value.name = name


def session(path: Path, threads: int, providers: Sequence[str] = ("CPUExecutionProvider",)) -> Any:
    """Return an ONNX Runtime session for the model in ``path``, on the CPU by default.

    Its threads sleep between runs instead of spinning, so that two sessions timed in turn do not
    take the cores from each other.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=list(providers))


def feed(opened: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return the arrays of a call by the names of the session's inputs.

    Keyword arguments go by name, the others in order; a number that the graph holds as a constant
    is no input.
    """
    return named_arrays([each.name for each in opened.get_inputs()], args, kwargs)


def named_arrays(
    names: Sequence[str], args: Sequence[Any], kwargs: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Return the arrays of a call by ``names``, the graph's inputs in order; see ``feed``."""
    arrays = [np.ascontiguousarray(x) for x in _leaves(args)]
    named = {key: value for key, value in kwargs.items() if key in names}
    rest = [np.ascontiguousarray(x) for x in _leaves([kwargs[k] for k in kwargs if k not in named])]
    places = [name for name in names if name not in named]
    given = dict(zip(places, arrays + rest, strict=False))
    return given | {key: np.ascontiguousarray(value) for key, value in named.items()}


def weights(path: Path) -> dict[str, np.ndarray]:
    """Return every constant of two or more dimensions that the file holds, by name."""
    from onnx import numpy_helper

    model = read_onnx(path)
    return {
        each.name: numpy_helper.to_array(each)
        for each in model.graph.initializer
        if len(each.dims) > 1
    }


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in _leaves(value)]
    if isinstance(tree, list | tuple):
        return [leaf for value in tree for leaf in _leaves(value)]
    return [tree] if isinstance(tree, np.ndarray) else []


def _forget_paths(model: Any) -> None:
    """Notes for debugging would tell every reader how the author's folders are called."""
    for node in model.graph.all_nodes():
        node.metadata_props.clear()


def _name_sizes(model: Any, dimensions: Sequence[FreeDimension]) -> None:
    """Call free sizes ``batch``, ``sequence`` and so on wherever torch calls them ``s34``."""
    import onnx_ir

    graph = model.graph
    inputs = {each.name: each.shape for each in graph.inputs if each.shape is not None}
    wanted = [(name, 0, "batch") for name, shape in inputs.items() if len(shape)]
    wanted += [(each.input, each.place[1], each.name) for each in dimensions]
    sizes = [(inputs[name][place], word) for name, place, word in wanted if name in inputs]
    words = {size.value: word for size, word in sizes if isinstance(size, onnx_ir.SymbolicDim)}
    made = [value for node in graph.all_nodes() for value in node.outputs]
    for value in [*graph.inputs, *made]:
        if value.shape is not None and not value.shape.frozen:
            for place, size in enumerate(value.shape):
                if isinstance(size, onnx_ir.SymbolicDim) and size.value in words:
                    value.shape[place] = words[size.value]


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

_SAYS: Final = "session.run(None, {name: array}) gives the outputs as arrays."

FORMAT = Onnx()
