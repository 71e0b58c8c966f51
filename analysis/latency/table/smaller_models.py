"""Smaller models of one network as calls on one batch, in any runtime."""

from collections.abc import Mapping

import numpy as np
import torch

from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Captured, Inputs, take
from prunescope.errors import CannotCapture
from prunescope.latency.machine import machine
from prunescope.latency.runtimes.runtime import Call, Compiler, Runtime, Workload
from prunescope.latency.table.rows import LatencyRow, graph_digest
from prunescope.removal import remove
from prunescope.study import Manifest


class Maker:
    """Smaller models of one network as calls on one batch, per runtime."""

    def __init__(self, captured: Captured, bench: Workbench, batch: int, threads: int) -> None:
        self.captured, self.threads, self.batch = captured, threads, batch
        validation = bench.splits.validation
        rows = torch.arange(batch) % len(validation)
        self.inputs: Inputs = take(validation.inputs, rows)
        self.manifest: Manifest = bench.manifest
        self.groups = {group.name: group.units for group in bench.groups}
        self._compilers: dict[str, Compiler] = {}

    def row(self, runtime: Runtime) -> LatencyRow:
        """A row with the setting filled in and no times."""
        dtype = next((p.dtype for p in self.captured.module.parameters()), torch.float32)
        return LatencyRow(
            graph_digest(self.manifest), machine(), runtime.title, runtime.version(),
            str(dtype).removeprefix("torch."), self.batch, self.threads, "{}", "group",
            0.0, 1.0, 1.0, 1.0, 0, runtime.device(self.captured.module),
        )  # fmt: skip

    def compiler(self, runtime: Runtime) -> Compiler:
        """Return what compiles this network and its smaller ones in ``runtime``.

        Raises:
            CannotCapture: This machine lacks the runtime.
        """
        if runtime.name not in self._compilers:
            problem = runtime.unavailable()
            if problem is not None:
                raise CannotCapture(problem)
            workload = Workload(self.captured.module, self.inputs, self.threads)
            self._compilers[runtime.name] = runtime.compiler(workload)
        return self._compilers[runtime.name]

    def call(self, runtime: Runtime, units: Mapping[str, int]) -> Call:
        """Return one forward pass of the model without ``units``; the last ones of a group go.

        Which units leave changes no shape, and so no time.

        Raises:
            CannotCapture: The runtime cannot run the model.
        """
        masks = {}
        for name, count in units.items():
            masks[name] = np.ones(self.groups[name], bool)
            masks[name][self.groups[name] - count :] = False
        if not masks:
            return self.compiler(runtime).compile(self.captured.module)
        smaller = remove(self.captured, masks).module
        return self.compiler(runtime).compile(smaller, masks)
