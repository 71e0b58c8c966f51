"""Real ``.pt2`` files for the tests, and changes of their parts that keep the archive whole."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn


class Network(nn.Module):
    """Convolution, norm, arithmetic on sizes, a branch without gradients, nested outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(16, 3)
        self.register_buffer("offset", torch.zeros(1))

    def forward(self, x: torch.Tensor, scale: torch.Tensor) -> dict[str, Any]:
        """Return logits and what they were made from."""
        x = self.norm(self.conv(x)).relu()
        with torch.no_grad():
            mean = x.mean()
        x = nn.functional.adaptive_avg_pool2d(x, 2).reshape(x.shape[0], -1)
        return {"logits": self.head(x) * scale + self.offset, "rest": (mean, [x])}


def exported(path: Path) -> tuple[nn.Module, tuple[torch.Tensor, torch.Tensor]]:
    """Write a program of any batch size to ``path``; return its network and an input."""
    torch.manual_seed(0)
    net = Network().eval()
    inputs = torch.randn(3, 1, 8, 8), torch.ones(3)
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(
        net, (inputs[0],), {"scale": torch.ones(1)},
        dynamic_shapes={"x": {0: batch}, "scale": None}, strict=False,
    )  # fmt: skip
    torch.export.save(program, path)
    return net, (inputs[0], torch.ones(1))


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Copy the archive entry by entry; ``change`` maps (name, content) to new content or None."""
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            changed = change(name, content)
            if changed is not None:
                archive.writestr(name, changed)
    return path


def edited(path: Path, edit: Callable[[Any], None], member: str = "models/model.json") -> Path:
    """Change the JSON of one member in place."""

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith(member):
            return content
        whole = json.loads(content)
        edit(whole)
        return json.dumps(whole).encode()

    return rewritten(path, change)
