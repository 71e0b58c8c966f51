"""Smaller models of one network as calls on one batch, in PyTorch and in ONNX Runtime."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import Captured, Inputs, batch_size, call_arguments, take
from prunescope.errors import CannotCapture
from prunescope.export.formats import onnx, pt2
from prunescope.latency.machine import machine
from prunescope.latency.runtimes.onnx import Call, onnx_call
from prunescope.latency.table.resize_onnx import Resizer, agrees, leaves
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
        self.resizer: Resizer | None = None
        self.exports = 0

    def row(self, runtime: str) -> LatencyRow:
        """A row with the setting filled in and no times."""
        import onnxruntime

        version = torch.__version__ if runtime == "PyTorch" else str(onnxruntime.__version__)
        dtype = next((p.dtype for p in self.captured.module.parameters()), torch.float32)
        return LatencyRow(
            graph_digest(self.manifest), machine(), runtime, version,
            str(dtype).removeprefix("torch."), self.batch, self.threads, "{}", "group",
            0.0, 1.0, 1.0, 1.0, 0,
        )  # fmt: skip

    def call(self, runtime: str, units: Mapping[str, int]) -> Call:
        """Return one forward pass of the model without ``units``; the last ones of a group go.

        Which units leave changes no shape, and so no time.

        Raises:
            CannotCapture: The runtime cannot run the model.
        """
        masks = {}
        for name, count in units.items():
            masks[name] = np.ones(self.groups[name], bool)
            masks[name][self.groups[name] - count :] = False
        smaller = remove(self.captured, masks) if masks else self.captured
        return self._native(smaller) if runtime == "PyTorch" else self._onnx(smaller, masks)

    def _native(self, smaller: Captured) -> Call:
        args, kwargs = call_arguments(self.inputs)
        return lambda: smaller.module(*args, **kwargs)

    def _onnx(self, smaller: Captured, masks: Mapping[str, np.ndarray]) -> Call:
        with tempfile.TemporaryDirectory(prefix="prunescope-latency-") as folder:
            path = Path(folder) / "model.onnx"
            if self.resizer is not None and masks:
                path.write_bytes(self.resizer.smaller(masks))
                call = self._checked(path, smaller)
                if call is not None:
                    return call
                self.resizer = None  # from here on every model is exported
            example = take(self.inputs, torch.arange(2) % batch_size(self.inputs))
            onnx.write(pt2.exported(Captured(smaller.module, example)), path)
            self.exports += 1
            call = onnx_call(path, self.inputs, self.threads)
            if not masks:
                self.resizer = Resizer(self.captured, path, self.batch)
            return call

    def _checked(self, path: Path, smaller: Captured) -> Call | None:
        """The session of a resized file, or None unless it computes the smaller network."""
        try:
            call = onnx_call(path, self.inputs, self.threads)
            outputs = call()
        except CannotCapture:
            return None
        args, kwargs = call_arguments(self.inputs)
        with torch.inference_mode():
            wanted = leaves(smaller.module(*args, **kwargs))
        return call if agrees(outputs, wanted) else None
