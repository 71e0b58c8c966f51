"""Re-estimate batch-norm statistics on calibration inputs."""

import contextlib
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, Final

import torch
from torch import Tensor, fx, nn
from torch.fx import _pytree as fx_pytree
from torch.nn.modules.batchnorm import _BatchNorm

from prunescope.capture.functional import operator_name
from prunescope.capture.graph import Inputs, call_arguments
from prunescope.capture.network import forward
from prunescope.errors import CannotPrune, DataMismatch
from prunescope.sources.data import Samples
from prunescope.study.recoveries import CALIBRATED

SAMPLES: Final = CALIBRATED
_BATCH: Final = 128


def reestimate(module: nn.Module, calibration: Samples) -> None:
    """Replace every batch norm's running mean and variance by those of ``calibration``.

    The average over batches (of about 128 samples, alike in size) of each batch's mean and
    unbiased variance, as ``nn.BatchNorm2d(momentum=None)`` gives, with the network normalising by
    each batch's own statistics; a norm that is called several times averages over its calls. Only
    inputs are read, no labels; nothing but the running means and variances changes.

    Args:
        module: A captured graph or a plain module, in evaluation mode.
        calibration: At least two samples.

    Raises:
        CannotPrune: The network has no batch norm with running statistics.
        DataMismatch: Fewer than two samples.

    Source: Li et al. 2020, *EagleEye* (arXiv 2007.02491), adaptive batch normalisation.
    """
    if not has_batch_norm(module):
        raise CannotPrune(
            "Expected a network with batch norm for recovery bn, but it has none. Use recovery "
            "none."
        )
    if len(calibration) < 2:
        raise DataMismatch(
            f"Expected at least two calibration samples for recovery bn, but got "
            f"{len(calibration)}. Give more, or use recovery none."
        )
    if isinstance(module, fx.GraphModule):
        statistics = _GraphStatistics(module)
        _run(statistics.forward, calibration)
    else:
        with _module_statistics(module):
            _run(lambda inputs: forward(module, inputs), calibration)


def has_batch_norm(module: nn.Module) -> bool:
    """Return whether ``module`` has a batch norm with running statistics."""
    if isinstance(module, fx.GraphModule):
        return any(keeps_statistics(node) for node in module.graph.nodes)
    return bool(_norms(module))


def _run(call: Callable[[Inputs], object], calibration: Samples) -> None:
    with torch.no_grad():
        for batch in statistics_batches(calibration):
            call(batch)


def statistics_batches(calibration: Samples) -> Iterator[Inputs]:
    """Yield batches of nearly equal size: a last one of a single sample would have no variance."""
    count = len(calibration)
    batches = math.ceil(count / _BATCH)
    edges = [round(index * count / batches) for index in range(batches + 1)]
    for start, stop in itertools.pairwise(edges):
        yield calibration.chunk(start, stop).inputs


def keeps_statistics(node: fx.Node) -> bool:
    """Return whether ``node`` is a batch norm that keeps running statistics."""
    called = node.op == "call_function" and operator_name(node) == "batch_norm"
    return called and isinstance(node.args[3], fx.Node)


class _GraphStatistics(fx.Interpreter):
    """Run the graph with batch statistics and average them into the buffers."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self._calls: dict[str, int] = {}
        self._spec: Any = module._in_spec

    def forward(self, inputs: Inputs) -> None:
        leaves = fx_pytree.tree_flatten_spec(call_arguments(inputs), self._spec)
        self.run(*leaves, enable_io_processing=False)

    def run_node(self, n: fx.Node) -> object:
        if not keeps_statistics(n):
            return super().run_node(n)
        args, _ = self.fetch_args_kwargs_from_env(n)
        mean = n.args[3]
        owner = str(mean.target) if isinstance(mean, fx.Node) else n.name
        calls = self._calls[owner] = self._calls.get(owner, 0) + 1
        return torch.ops.aten.batch_norm.default(*args[:5], True, 1 / calls, *args[7:])


def _norms(module: nn.Module) -> list[_BatchNorm]:
    norms = [module_ for module_ in module.modules() if isinstance(module_, _BatchNorm)]
    return [norm for norm in norms if isinstance(norm.running_mean, Tensor)]


@contextlib.contextmanager
def _module_statistics(module: nn.Module) -> Iterator[None]:
    norms = _norms(module)
    before = [(norm.momentum, norm.training, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum = None
        norm.num_batches_tracked = torch.zeros((), dtype=torch.long)
        norm.train()
    try:
        yield
    finally:
        for norm, (momentum, mode, tracked) in zip(norms, before, strict=True):
            norm.momentum = momentum
            norm.num_batches_tracked = tracked
            norm.train(mode)
