"""Run an ONNX file in ONNX Runtime, with the arguments of the network's call. Torch-free."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np


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


def _leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for value in tree.values() for leaf in _leaves(value)]
    if isinstance(tree, list | tuple):
        return [leaf for value in tree for leaf in _leaves(value)]
    return [tree] if isinstance(tree, np.ndarray) else []
