"""Re-estimate batch-norm statistics on calibration inputs."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import torch
from torch import fx, nn
from torch.utils import _pytree as pytree

from analysis.capture.functional import operator_name
from analysis.capture.network import forward
from analysis.errors import CannotPrune, UnknownName
from analysis.sources.data import Samples
from analysis.workbench import Workbench

RECOVERIES: Final = ("none", "bn")
SAMPLES: Final = 1024
_BATCH: Final = 128


@contextlib.contextmanager
def recovered(bench: Workbench, recovery: str) -> Iterator[None]:
    """Apply ``recovery`` to the bench's network as it is now, and take it back after the block.

    Raises:
        UnknownName: No such recovery.
        CannotPrune: ``bn`` for a network without batch norm.
    """
    if recovery not in RECOVERIES:
        raise UnknownName.among("recovery", recovery, RECOVERIES)
    if recovery == "none":
        yield
        return
    module = bench.network.module
    before = {name: buffer.detach().clone() for name, buffer in module.named_buffers()}
    try:
        reestimate(module, bench.splits.calibration.chunk(0, SAMPLES))
        yield
    finally:
        with torch.no_grad():
            for name, buffer in module.named_buffers():
                buffer.copy_(before[name])


def reestimate(module: nn.Module, calibration: Samples) -> None:
    """Replace every batch norm's running mean and variance by those of ``calibration``.

    Mean and variance over all samples and positions: the average of the batches' means and
    unbiased variances, as ``momentum=None`` gives, with the network normalising by each batch's
    own statistics. Only inputs are read, no labels.

    Raises:
        CannotPrune: The network has no batch norm.

    Source: Li et al. 2020, *EagleEye* (arXiv 2007.02491), adaptive batch normalisation.
    """
    if isinstance(module, fx.GraphModule):
        norms: list[fx.Node] | list[nn.Module] = _norm_nodes(module)
        run = _GraphStatistics(module).run_batches
    else:
        norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        run = _module_statistics(module)
    if not norms:
        raise CannotPrune(
            "Expected a network with batch norm for recovery bn, but it has none. Use recovery "
            "none."
        )
    run(calibration)


def _norm_nodes(module: fx.GraphModule) -> list[fx.Node]:
    return [
        node
        for node in module.graph.nodes
        if node.op == "call_function" and operator_name(node) == "batch_norm" and node.args[3]
    ]


class _GraphStatistics(fx.Interpreter):
    """Run the graph with batch statistics and average them into the buffers."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self._seen: dict[str, int] = {}

    def run_batches(self, calibration: Samples) -> None:
        with torch.no_grad():
            for start in range(0, len(calibration), _BATCH):
                inputs = calibration.chunk(start, start + _BATCH).inputs
                self.run(*pytree.tree_leaves(inputs), enable_io_processing=False)

    def run_node(self, n: fx.Node) -> object:
        if n.op == "call_function" and operator_name(n) == "batch_norm" and n.args[3]:
            args, _ = self.fetch_args_kwargs_from_env(n)
            count = self._seen.get(n.name, 0) + 1
            self._seen[n.name] = count
            changed = (*args[:5], True, 1 / count, *args[7:])
            return n.target(*changed)  # type: ignore[operator]
        return super().run_node(n)


def _module_statistics(module: nn.Module) -> Callable[[Samples], None]:
    def run(calibration: Samples) -> None:
        norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # type: ignore[assignment]
            norm.train()
        try:
            with torch.no_grad():
                for start in range(0, len(calibration), _BATCH):
                    forward(module, calibration.chunk(start, start + _BATCH).inputs)
        finally:
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
                norm.eval()

    return run


def has_batch_norm(module: nn.Module) -> bool:
    """Return whether ``reestimate`` finds something to do in ``module``."""
    if isinstance(module, fx.GraphModule):
        return bool(_norm_nodes(module))
    return any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in module.modules())

