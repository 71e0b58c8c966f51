"""What finding groups costs as networks grow: chains of blocks, and ``inspect`` of a large model.

python -m benchmarks.removal_table.growth --write build/growth.md
"""

import argparse
import os
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn

from prunescope.bench.describe_manifest import describe
from prunescope.capture.graph import capture
from prunescope.removal import try_groups
from prunescope.study import Manifest, Reference

_BLOCKS: Final = (10, 25, 50, 100, 200, 400)
_LARGE: Final = "torchvision:vit_l_16"


class Block(nn.Module):
    """A residual block: two groups of its own, and one stream that all blocks share."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width)
        self.enter = nn.Conv2d(width, 8, 1)
        self.inner = nn.Conv2d(8, 8, 3, padding=1)
        self.leave = nn.Conv2d(8, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the stream with what the block adds."""
        made: Tensor = x + self.leave(self.inner(self.enter(self.norm(x)).relu()).relu())
        return made


def chain(blocks: int) -> nn.Module:
    """Return a network of ``blocks`` residual blocks: two groups for each, and one more."""
    return nn.Sequential(
        nn.Conv2d(3, 16, 3), *(Block(16) for _ in range(blocks)), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(16, 4),
    ).eval()  # fmt: skip


def chains() -> str:
    """Return a table: blocks, groups, and CPU seconds of capture, groups and description."""
    lines = ["| blocks | groups | capture | groups | description | ms a group |", "|---:" * 6 + "|"]
    for blocks in _BLOCKS:
        clock = [time.process_time()]
        captured = capture(chain(blocks), torch.randn(2, 3, 16, 16))
        clock.append(time.process_time())
        coupling = try_groups(captured)
        clock.append(time.process_time())
        describe(Manifest(Reference("", ""), "", 0, 0, 0, 0, 0, ()), captured, coupling)
        clock.append(time.process_time())
        captures, groups, describes = (b - a for a, b in pairwise(clock))
        count = len(coupling.groups)
        lines.append(
            f"| {blocks} | {count} | {captures:.2f} | {groups:.2f} | {describes:.2f} | "
            f"{1000 * (groups + describes) / count:.1f} |"
        )
    return "\n".join(lines)


def inspected(model: str) -> tuple[float, float]:
    """Return CPU seconds and peak bytes of ``prunescope inspect`` with random weights."""
    child = os.fork()
    if child == 0:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        command = [sys.executable, "-m", "prunescope.cli", "inspect", model, "--random"]
        os.execv(sys.executable, command)
    _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"inspect of {model} ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime, 1024.0 * used.ru_maxrss


def captured_alone(model: str) -> float:
    """Return the CPU seconds of a process that only loads and captures a model."""
    child = os.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", _ALONE.format(model=model)])
    _, status, used = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"capture of {model} ended with {os.waitstatus_to_exitcode(status)}")
    return float(used.ru_utime + used.ru_stime)


_ALONE: Final = """
from prunescope.capture.network import build_network
from prunescope.model_kinds.registry import kind_of
kind, name = kind_of({model!r})
build_network(kind.load(name, True).eval(), kind.example(name))
"""


def section() -> str:
    """Return the section of the table's page about growth."""
    seconds, size = inspected(_LARGE)
    alone = captured_alone(_LARGE)
    return f"""
## What groups cost as networks grow

Chains of residual blocks (two groups of its own for each, one stream for all); CPU seconds of one
process. Finding, trying and describing groups is linear in them.

{chains()}

`prunescope inspect {_LARGE} --random` (304 million parameters, 24 blocks) takes {seconds:.1f} CPU
seconds and {size / 1e9:.2f} GB; a process that only loads and captures the model takes
{alone:.1f}, so all the rest takes {seconds - alone:.1f}.
"""


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="What finding groups costs as networks grow.")
    parser.add_argument("--write", type=Path, required=True, help="file for the section")
    parser.parse_args().write.write_text(section(), "utf-8")
