"""Measure the peak of activations that a forward pass allocates."""

import contextlib
import os
import sys
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Inputs, call_arguments


def measured_peak(module: nn.Module, inputs: Inputs) -> int:
    """Return the most bytes that PyTorch's CPU allocator held at once during one pass.

    The inputs are counted, weights are not; a kernel's own workspace is, so that the number can
    exceed the sum of the graph's tensors, while views, which share memory, make it smaller.
    """
    args, kwargs = call_arguments(inputs)
    with torch.inference_mode():
        module(*args, **kwargs)  # what is made once, such as reordered weights, is made here
        with _quiet(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
            module(*args, **kwargs)
    assert found.profiler is not None
    assert found.profiler.kineto_results is not None
    events = [e for e in found.profiler.kineto_results.events() if e.name() == "[memory]"]
    alive = peak = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        alive += event.nbytes()
        peak = max(peak, alive)
    given = [x for x in pytree.tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
    return peak + sum(x.numel() * x.element_size() for x in given)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The profiler's C++ part writes notes to the error stream, past Python."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
