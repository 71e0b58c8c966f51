"""Write ``model.py`` and prove it, in a process that knows torch and the weights alone."""

import copy
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.bench.device import HOST, on_host
from prunescope.capture.graph import Inputs, call_arguments, copy_inputs
from prunescope.capture.network import forward
from prunescope.errors import CannotCapture
from prunescope.export.deliverable import Deliverable
from prunescope.export.export_report import Check
from prunescope.export.plain_torch.source import source
from prunescope.store.files import write_atomically
from prunescope.text.numbers import counted

SOURCE: Final = "model.py"
_PATIENCE: Final = 900.0
_PROMISED: Final = "the same outputs from plain torch, where the graph can be written so"


def write_source(made: Deliverable, folder: Path) -> Check:
    """Write ``model.py`` beside the weights in ``folder``, if it gives the very same outputs.

    Returns:
        The check. A network that cannot be written so is said there, and breaks no promise of the
        weights: no file is left then.
    """
    file = folder / SOURCE
    try:
        if made.captured is None:
            raise CannotCapture("this model has no graph")
        recipe = made.recipe
        summary = f"{recipe.reference.model}, pruned by plan {recipe.plan.name!r}."
        write_atomically(file, source(made.captured, summary).encode())
        samples = _require_same(made, folder)
    except CannotCapture as reason:
        file.unlink(missing_ok=True)
        return Check(SOURCE, _PROMISED, f"not written: {reason}", ok=True)
    return Check(
        SOURCE, _PROMISED,
        f"the same bits on {counted(samples, 'sample')}, in one batch and one alone, in a fresh "
        "process without Prunescope",
        ok=True,
    )  # fmt: skip


def _require_same(made: Deliverable, folder: Path) -> int:
    """Raise ``CannotCapture`` unless the file's outputs are those of the graph; return samples."""
    promised = made.promise
    twin = plainly_laid_out(made.module)
    with tempfile.TemporaryDirectory(dir=folder) as aside:
        batches = {"many": promised.inputs, "one": promised.first}
        names: list[str] = []
        for name, inputs in batches.items():
            names = _saved(inputs, Path(aside) / f"{name}.in")
        _run(folder / SOURCE, Path(aside), promised.threads, names)
        for name, inputs in batches.items():
            got = load_file(Path(aside) / f"{name}.out")
            with torch.inference_mode():
                leaves = pytree.tree_leaves(forward(twin, copy_inputs(inputs)))
            wanted = [on_host(leaf) for leaf in leaves if isinstance(leaf, Tensor)]
            if len(wanted) != len(got) or not all(
                torch.equal(leaf.nan_to_num(), got[str(place)].nan_to_num())
                for place, leaf in enumerate(wanted)
            ):
                raise CannotCapture("its outputs are not the same bits")
    return len(next(leaf for leaf in pytree.tree_leaves(promised.inputs)))


def plainly_laid_out(module: nn.Module) -> nn.Module:
    """A copy on the host whose tensors lie in memory as those of a loaded file do."""
    twin = copy.deepcopy(module).to(HOST)
    for tensor in (*twin.parameters(), *twin.buffers()):
        tensor.data = tensor.data.clone(memory_format=torch.contiguous_format)
    return twin


def _saved(inputs: Inputs, file: Path) -> list[str]:
    """Write a batch's tensors, by number or name; return the names."""
    args, kwargs = call_arguments(inputs)
    given: Mapping[str, Any] = {str(place): each for place, each in enumerate(args)} | kwargs
    if not all(isinstance(each, Tensor) for each in given.values()):
        raise CannotCapture("its inputs are not all tensors")
    save_file({name: on_host(each).contiguous().clone() for name, each in given.items()}, file)
    return list(kwargs)


def _run(file: Path, folder: Path, threads: int, names: list[str]) -> None:
    command = [sys.executable, "-I", "-c", _SCRIPT, str(file.resolve()), str(folder.resolve()),
               str(threads), json.dumps(names)]  # fmt: skip
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise CannotCapture("it did not end in a quarter of an hour") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise CannotCapture(f"it stopped ({last[:200].rstrip('.')})")


_SCRIPT: Final = """
import importlib.util, json, sys
import torch
from safetensors.torch import load_file, save_file
from torch.utils import _pytree as pytree
file, folder, threads, names = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
torch.set_num_threads(threads)
spec = importlib.util.spec_from_file_location("model", file)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
model = module.load()
for name in ("many", "one"):
    given = load_file(f"{folder}/{name}.in")
    named = {key: given.pop(key) for key in names}
    with torch.inference_mode():
        made = model(*(given[str(place)] for place in range(len(given))), **named)
    leaves = [leaf for leaf in pytree.tree_leaves(made) if isinstance(leaf, torch.Tensor)]
    save_file(
        {str(place): leaf.clone().contiguous() for place, leaf in enumerate(leaves)},
        f"{folder}/{name}.out",
    )
if any(name.partition(".")[0] == "prunescope" for name in sys.modules):
    raise SystemExit("it imported prunescope")
"""
