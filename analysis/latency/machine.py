"""What this machine is called in latency tables. Torch-free."""

import os
import platform
from functools import cache
from pathlib import Path


@cache
def machine() -> str:
    """Return what a latency depends on of this machine: processor, cores, system."""
    return f"{processor()}, {os.cpu_count() or 1} cores, {platform.system()} {platform.machine()}"


def processor() -> str:
    """Return the name of this machine's CPU."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(errors="replace").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.processor() or platform.machine())
