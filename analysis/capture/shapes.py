"""The shape of every tensor in a captured graph, for a batch of one sample."""

from typing import Any

import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils import _pytree as pytree

from prunescope.capture.graph import Captured, call_arguments


class _Recorder(fx.Interpreter):
    """Run a graph on fake tensors and keep what every node returns."""

    def __init__(self, module: fx.GraphModule, mode: FakeTensorMode) -> None:
        super().__init__(module, garbage_collect_values=False)
        self._mode = mode
        self._fakes: dict[str, Any] = {}
        self.values: dict[fx.Node, Any] = {}

    def fetch_attr(self, target: str) -> Any:
        if target not in self._fakes:
            value = super().fetch_attr(target)
            faked = self._mode.from_tensor(value) if isinstance(value, Tensor) else value
            self._fakes[target] = faked
        return self._fakes[target]

    def run_node(self, n: fx.Node) -> Any:
        self.values[n] = super().run_node(n)
        return self.values[n]


def shapes(captured: Captured, samples: int = 1) -> dict[fx.Node, Any]:
    """Return what each node returns for a batch of ``samples``, as fake tensors without storage.

    Real shapes and dtypes, no arithmetic: ``shapes(captured)[node].shape``. Nodes that return
    several tensors map to tuples.
    """
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    args, kwargs = call_arguments(captured.example)
    with mode, torch.no_grad():
        faked = pytree.tree_map(
            lambda leaf: (
                mode.from_tensor(_batch(leaf, samples)) if isinstance(leaf, Tensor) else leaf
            ),
            (args, kwargs),
        )
        recorder = _Recorder(captured.module, mode)
        recorder.run(*pytree.tree_leaves(faked), enable_io_processing=False)
    return recorder.values


def _batch(leaf: Tensor, samples: int) -> Tensor:
    """The first sample ``samples`` times, without storage for the copies."""
    return leaf[:1].expand(samples, *leaf.shape[1:]) if leaf.ndim else leaf
