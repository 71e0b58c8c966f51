"""An ONNX file in 8-bit integers: what each number of the network is rounded to.

Static quantisation by ONNX Runtime: calibration samples run through the network once, and each
activation's range becomes 256 levels. Weights are rounded per output channel, symmetrically, so
that a zero stays a zero. The graph says so in pairs of QuantizeLinear and DequantizeLinear (QDQ),
which every runtime understands and those that can replace by integer kernels.
"""

from __future__ import annotations

import itertools
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from prunescope.errors import CannotCapture

if TYPE_CHECKING:
    from prunescope.capture.graph import Inputs

MOST_SAMPLES: Final = 256
"""Calibration samples that set the ranges; more moved no sample model's score by 0.1 points."""
_CHUNK: Final = 32
_USUAL: Final = {
    "Conv": {"dilations": 1, "strides": 1, "pads": 0, "group": 1},
    "MaxPool": {"dilations": 1, "pads": 0, "ceil_mode": 0, "storage_order": 0},
    "AveragePool": {"dilations": 1, "pads": 0, "ceil_mode": 0, "count_include_pad": 0},
}
"""Attributes that mean the same where they are left out (ONNX, all opsets), by operator."""
_SUSPECT: Final = 0.1
"""Root mean square error of the outputs, relative, from which on weights of 7 bits are tried."""

Feed = dict[str, np.ndarray]


def quantise(source: Path, target: Path, feeds: Sequence[Feed]) -> None:
    """Write the file ``source`` in integers of 8 bits to ``target``.

    Where the outputs move by more than a tenth, weights of 7 bits are tried as well, and the closer
    file stays: processors without 8-bit dot products (x86 before VNNI) add up products of two full
    bytes in 16 bits, which saturate.

    Args:
        source: An ONNX file of floats.
        target: Written whole.
        feeds: Calibration samples, a batch each, as arrays by the names of the inputs.

    Raises:
        CannotCapture: ONNX Runtime cannot quantise this network, or nothing in it.
    """
    try:
        _written(source, target, feeds, narrow=False)
        error = _error(source, target, feeds[0])
        if not error <= _SUSPECT:
            with tempfile.TemporaryDirectory(dir=target.parent) as aside:
                other = Path(aside) / target.name
                _written(source, other, feeds, narrow=True)
                if not error <= _error(source, other, feeds[0]):
                    other.replace(target)
    except CannotCapture:
        raise
    except Exception as error:  # ONNX Runtime's errors share no type
        raise CannotCapture(
            "Expected a graph that ONNX Runtime can quantise, but got: "
            f"{(str(error).splitlines() or [type(error).__name__])[0][:300].rstrip('.')}. Export "
            "ONNX without int8."
        ) from error


def calibration_feeds(file: Path, inputs: Inputs) -> list[Feed]:
    """Return samples as what a session on ``file`` takes, at most 256 of them, in batches.

    Args:
        file: The ONNX file whose inputs they are.
        inputs: Samples, as they are passed to the model.
    """
    return list(_feeds(file, inputs))


def _feeds(file: Path, inputs: Inputs) -> Iterator[Feed]:
    from torch import Tensor
    from torch.utils import _pytree as pytree

    from prunescope.capture.graph import batch_size, call_arguments, take
    from prunescope.export.onnx_sessions import feed, session

    opened = session(file, 1)
    samples = min(batch_size(inputs), MOST_SAMPLES)
    for start in range(0, samples, _CHUNK):
        chunk = take(inputs, slice(start, min(start + _CHUNK, samples)))
        args, kwargs = pytree.tree_map(
            lambda x: x.numpy(force=True) if isinstance(x, Tensor) else x, call_arguments(chunk)
        )
        yield feed(opened, args, kwargs)


def _written(source: Path, target: Path, feeds: Sequence[Feed], narrow: bool) -> None:
    import onnx
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    class Samples(CalibrationDataReader):  # type: ignore[misc]
        """Hands out the batches once."""

        def __init__(self) -> None:
            self._rest = iter(feeds)

        def get_next(self) -> Feed | None:
            """Return the next batch, or None after the last."""
            return next(self._rest, None)

    with _quiet():
        quantize_static(
            str(source), str(target), Samples(), quant_format=QuantFormat.QDQ, per_channel=True,
            reduce_range=narrow, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
            extra_options={"QuantizeBias": False},
        )  # fmt: skip
    model = onnx.load_model(str(target))
    if not any(node.op_type == "QuantizeLinear" for node in model.graph.node):
        raise CannotCapture(
            "Expected operators that ONNX Runtime can quantise, but this network has none. Export "
            "ONNX without int8."
        )
    _slim(model)
    onnx.save_model(model, str(target))


def _slim(model: Any) -> None:
    """Leave out what no runtime reads: MobileNet's file is 3.1 times smaller instead of 2.65.

    Names of operators, sizes that follow from the rest, zero points that are zero (constants are
    rounded symmetrically), and long names of values; weights keep theirs.
    """
    graph = model.graph
    del graph.value_info[:]
    for node in graph.node:
        node.name = node.doc_string = ""
        usual = _USUAL.get(node.op_type, {})
        stay = [part for part in node.attribute if not _is_usual(part, usual)]
        del node.attribute[:]
        node.attribute.extend(stay)
    if any(part.g.node or part.graphs for node in graph.node for part in node.attribute):
        return  # branches and loops read values of the outer graph by name
    _forget_zero_points(graph)
    names = {each.name: each.name for each in (*graph.input, *graph.output)}
    names |= {each.name: each.name for each in graph.initializer if len(each.dims) > 1}
    taken = set(names) | {""}
    fresh = (name for number in itertools.count() if (name := f"v{number:x}") not in taken)

    def short(name: str) -> str:
        return name and (names.get(name) or names.setdefault(name, next(fresh)))

    for node in graph.node:
        node.input[:] = [short(name) for name in node.input]
        node.output[:] = [short(name) for name in node.output]
    for constant in graph.initializer:
        constant.name = short(constant.name)


def _is_usual(attribute: Any, usual: Mapping[str, int]) -> bool:
    """Whether an attribute says what holds without it, in every one of its entries."""
    entries = attribute.ints or [attribute.i]
    return attribute.name in usual and set(entries) == {usual[attribute.name]}


def _forget_zero_points(graph: Any) -> None:
    from onnx import numpy_helper

    constants = {each.name: each for each in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and len(node.input) == 3:
            point = constants.get(node.input[2])
            rounded = node.input[0] in constants and point is not None
            if rounded and not numpy_helper.to_array(point).any():
                del node.input[2:]
    read = {name for node in graph.node for name in node.input}
    read |= {each.name for each in graph.output}
    stay = [each for each in graph.initializer if each.name in read]
    del graph.initializer[:]
    graph.initializer.extend(stay)


def _error(source: Path, target: Path, feed: Feed) -> float:
    """The root mean square difference of all outputs, relative to the outputs themselves."""
    from prunescope.export.onnx_sessions import session

    wanted, got = (session(file, 1).run(None, feed) for file in (source, target))
    pairs = [(a, b) for a, b in zip(wanted, got, strict=True) if a.dtype.kind == "f"]
    scale = sum(float(np.square(a, dtype=np.float64).sum()) for a, _ in pairs)
    off = sum(float(np.square(b - a, dtype=np.float64).sum()) for a, b in pairs)
    return float(np.sqrt(off / scale)) if scale else 0.0


class _quiet:  # noqa: N801 - reads as a verb where it is used
    """Without the advice that the quantiser logs to whoever calls it: its answer is the file."""

    def __enter__(self) -> None:
        self._level = logging.root.manager.disable
        logging.disable(logging.WARNING)

    def __exit__(self, *_: object) -> None:
        logging.disable(self._level)
