"""Print what coupling and removal do to torchvision's models: half of every group, one row each.

    python -m benchmarks.removal_table                         # all classification models
    python -m benchmarks.removal_table resnet50 swin_t         # some of them
    python -m benchmarks.removal_table --segmentation
    python -m benchmarks.removal_table --torch-pruning         # beside Torch-Pruning's defaults
    python -m benchmarks.removal_table --export                # .pt2 and ONNX round trips too

Weights are random, biases and running statistics as well, so that a unit that is not really
silent shows. Each model runs in a process of its own: one that hangs or crashes costs its row,
not the table.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

COLUMNS: Final = (
    "model", "groups", "refused", "parameters", "after", "law error", "capture s", "groups s",
    "remove s", "export", "torch-pruning",
)  # fmt: skip
_SIZES: Final = {"inception_v3": 96, "maxvit_t": 224, "alexnet": 96, "vit_h_14": 56}
_SECONDS: Final = 900


def build(name: str) -> tuple[nn.Module, Tensor]:
    """Return a torchvision model with random weights, and a batch of two small images."""
    import torchvision

    size = _SIZES.get(name, 64)
    extra: dict[str, Any] = {"image_size": size} if name.startswith("vit") else {}
    if name in ("googlenet", "inception_v3"):
        extra = {"init_weights": False}
    if name in torchvision.models.list_models(torchvision.models.segmentation):
        extra = {"weights_backbone": None}
    torch.manual_seed(0)
    model = torchvision.models.get_model(name, weights=None, **extra).eval()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for own, value in [*model.named_parameters(), *model.named_buffers()]:
            if value.ndim == 1 and value.is_floating_point():
                noise = torch.rand(value.shape, generator=generator)
                value.copy_(noise + 0.5 if own.endswith(("weight", "var")) else noise - 0.5)
            elif value.is_floating_point() and value.numel() > 1 and not value.any():
                value.copy_(torch.randn(value.shape, generator=generator) * 0.02)
    return model, torch.randn(2, 3, size, size, generator=generator)


def row(name: str, export: bool) -> dict[str, str]:
    """Return one line of the table."""
    from analysis.capture.graph import capture
    from analysis.coupling import find_groups
    from analysis.removal import check_law, remove
    from analysis.removal.law import half

    warnings.simplefilter("ignore")
    model, images = build(name)
    started = time.perf_counter()
    captured = capture(model, images)
    seen = time.perf_counter()
    coupling = find_groups(captured)
    found = time.perf_counter()
    removal = {group.name: half(group) for group in coupling.groups}
    smaller = remove(captured, removal)
    removed = time.perf_counter()
    report = check_law(captured, removal, images)
    fails = "" if report.ok and report.effect else " FAILS"
    line = {
        "model": name,
        "groups": str(len(coupling.groups)),
        "refused": str(len(coupling.refused)),
        "parameters": str(sum(p.numel() for p in model.parameters())),
        "after": str(sum(p.numel() for p in smaller.module.parameters())),
        "law error": f"{report.max_error / report.scale:.1e}{fails}",
        "capture s": f"{seen - started:.1f}",
        "groups s": f"{found - seen:.1f}",
        "remove s": f"{removed - found:.1f}",
    }
    if export:
        line["export"] = round_trips(smaller.module, images)
    return line


def round_trips(module: nn.Module, images: Tensor) -> str:
    """Return the largest difference after exporting to ``.pt2`` and to ONNX, and reloading."""
    import onnxruntime

    batch = {0: torch.export.Dim("batch", min=1)}
    three = torch.cat([images, images[:1]])
    with torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        wanted = _first(module(three))
        scale = float(wanted.abs().max())
        program = torch.export.export(module, (images,), dynamic_shapes=(batch,), strict=False)
        torch.export.save(program, f"{folder}/m.pt2")
        again = torch.export.load(f"{folder}/m.pt2").module(check_guards=False)
        first = float((_first(again(three)) - wanted).abs().max()) / scale
        onnx = torch.onnx.export(module, (images,), dynamo=True, dynamic_shapes=(batch,),
                                 verbose=False)  # fmt: skip
        assert onnx is not None
        onnx.save(f"{folder}/m.onnx")
        session = onnxruntime.InferenceSession(f"{folder}/m.onnx")
        got = session.run(None, {session.get_inputs()[0].name: three.numpy()})[0]
        second = float((torch.as_tensor(got) - wanted).abs().max()) / scale
    return f"pt2 {first:.0e} onnx {second:.0e}"


def _first(outputs: Any) -> Tensor:
    leaf = torch.utils._pytree.tree_leaves(outputs)[0]
    assert isinstance(leaf, Tensor)
    return leaf


def peer(name: str) -> str:
    """Return what Torch-Pruning's defaults do at 50 %: parameters left, or how they fail."""
    import torch_pruning

    model, images = build(name)
    last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1:]
    started = time.perf_counter()
    pruner = torch_pruning.pruner.MagnitudePruner(
        model, images, torch_pruning.importance.MagnitudeImportance(p=1),
        pruning_ratio=0.5, ignored_layers=last,
    )  # fmt: skip
    pruner.step()
    model(images)
    left = sum(p.numel() for p in model.parameters())
    return f"{left} in {time.perf_counter() - started:.0f} s"


def apart(arguments: list[str], seconds: int) -> dict[str, str]:
    """Run this file for one model in a process of its own, and return what it prints."""
    command = [sys.executable, "-m", "benchmarks.removal_table", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds,
                              cwd=Path(__file__).parents[1], check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failed": f"stopped after {seconds} s"}
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return {"failed": (done.stderr.strip().splitlines() or ["crashed"])[-1][:160]}
    printed: dict[str, str] = json.loads(lines[-1])
    return printed


def main() -> None:
    """Print the table."""
    import torchvision

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--segmentation", action="store_true")
    parser.add_argument("--export", action="store_true")
    parser.add_argument("--torch-pruning", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.one:
        print(json.dumps(row(asked.one, asked.export)))
        return
    if asked.peer:
        print(json.dumps({"torch-pruning": peer(asked.peer)}))
        return
    room = torchvision.models.segmentation if asked.segmentation else torchvision.models
    print(" | ".join(COLUMNS))
    for name in asked.models or torchvision.models.list_models(room):
        line = apart(["--one", name, *(["--export"] if asked.export else [])], _SECONDS)
        line = {"model": name, "groups": line["failed"]} if "failed" in line else line
        if asked.torch_pruning:
            other = apart(["--peer", name], _SECONDS)
            line["torch-pruning"] = other.get("torch-pruning") or f"fails: {other['failed']}"
        print(" | ".join(line.get(column, "") for column in COLUMNS), flush=True)


if __name__ == "__main__":
    main()
