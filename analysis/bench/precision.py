"""The precision that points are computed in, and its error against single precision.

``bf16`` and ``fp16`` are torch's automatic mixed precision: products and convolutions in 16 bits,
sums of many terms, softmax and norms in 32; ``tf32`` rounds the factors of products to 10 bits of
mantissa, on NVIDIA's hardware alone, and is off otherwise (``bench.placement``). The dense model's
outcome, scores, refits and training stay in single precision.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from prunescope.bench.device import device_title, has_tf32, round_factors
from prunescope.errors import BadValue, UnknownName
from prunescope.study.computations import FP32 as FP32
from prunescope.study.computations import PRECISIONS

TF32: Final = "tf32"
_TYPES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}


def require_precision(name: str, device: torch.device) -> None:
    """Check that ``device`` computes in the precision ``name``.

    Raises:
        UnknownName: There is no such precision.
        BadValue: The device has none such.
    """
    if name not in PRECISIONS:
        raise UnknownName.among("precision", name, PRECISIONS)
    if name == TF32 and not has_tf32(device):
        raise BadValue(
            f"Expected a device with tf32, which NVIDIA's have from Ampere on, but got "
            f"{device_title(device)}. Take fp32 or bf16."
        )


@contextlib.contextmanager
def computing_in(name: str, device: torch.device) -> Iterator[None]:
    """Compute in the precision ``name`` on ``device`` in the block, in this thread."""
    if name == TF32:
        round_factors(True)
        try:
            yield
        finally:
            round_factors(False)
        return
    if name == FP32:
        yield
        return
    with torch.autocast(device.type, dtype=_TYPES[name], cache_enabled=False):
        yield


def widened(outputs: Any) -> Any:
    """Return ``outputs`` with numbers of 16 bits as float32, as metrics take them."""
    return pytree.tree_map(
        lambda x: x.float() if isinstance(x, Tensor) and x.dtype in _TYPES.values() else x, outputs
    )
