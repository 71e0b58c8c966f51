"""The folder in which every bad input is typed: a small real study, and what it was made from."""

import shutil
from pathlib import Path
from typing import Final

from tests.conftest import TINY
from tests.faults.fork_server import Call, ForkServer

_SOURCES: Final = """
import sys
sys.path.insert(0, ".")
from pathlib import Path
import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
import tiny

splits = tiny.splits()
arrays = {f"{part}_inputs": x.numpy() for part, (x, _) in splits.items()}
arrays |= {f"{part}_targets": y.numpy() for part, (_, y) in splits.items()}
np.savez("data.npz", **arrays)
torch.manual_seed(0)
net = tiny.build().eval()
batch = torch.export.Dim("batch", min=1)
program = torch.export.export(
    net, (splits["test"][0],), dynamic_shapes=({0: batch},), strict=False
)
torch.export.save(program, "net.pt2")
save_file(net.state_dict(), "weights.safetensors")
torch.save(net.state_dict(), "weights.pt")
for part in ("train", "val"):
    for name in ("a", "b", "c"):
        folder = Path("images", part, name)
        folder.mkdir(parents=True)
        for number in range(4):
            pixels = np.full((6, 6), 40 * number, np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
"""

_COMMANDS: Final = (
    "sweep net.pt2 --data data.npz --study study --sparsities 0.3,0.6"
    " --methods magnitude,l1@channel",
    "plan study --target macs=0.7 --save --name half -o plan.json",
    "calibrate study --plans 2",
    "finetune study half --epochs 1",
    "pareto study --cost macs --points 3",
    "time study --budget 0.3 --runtime torch --export-table table.parquet",
    "time study half --budget 0.3 --runtime torch",
)


def make(server: ForkServer, folder: Path) -> Path:
    """Make the workplace in ``folder``, a new one, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.py").write_text(TINY)
    for arguments in (("-c", _SOURCES), *(tuple(line.split()) for line in _COMMANDS)):
        ended = server.run(Call(arguments, str(folder)))
        assert ended.code == 0, (arguments, ended)
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    return folder
