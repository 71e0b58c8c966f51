"""An ONNX file as a call on one batch, or the reason why ONNX Runtime cannot run it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Inputs, call_arguments
from prunescope.errors import CannotCapture
from prunescope.export.formats import onnx

Call = Callable[[], object]


def onnx_call(path: Path, inputs: Inputs, threads: int) -> Call:
    """Return one run of the file in ``path`` on the batch ``inputs``; it has run once already.

    Args:
        path: The ONNX file; not needed any more afterwards.
        inputs: As they are passed to the model.
        threads: That ONNX Runtime may use.

    Raises:
        CannotCapture: ONNX Runtime lacks an operator for the model's types, or NumPy a type.
    """
    try:
        opened = onnx.session(path, threads)
        args, kwargs = pytree.tree_map(
            lambda x: x.numpy(force=True) if isinstance(x, Tensor) else x, call_arguments(inputs)
        )
        arrays: Any = onnx.feed(opened, args, kwargs)
        opened.run(None, arrays)
    except Exception as error:  # ONNX Runtime's errors share no type
        told = str(error).replace(f"Load model from {path} failed:", "")  # a file that is gone
        cause = (told.splitlines() or [type(error).__name__])[0][:300].rstrip(".")
        raise CannotCapture(f"ONNX Runtime cannot run this model: {cause}.") from error
    return lambda: opened.run(None, arrays)
