"""What the driver says of a GPU's clocks, which its times depend on. Torch-free."""

import shutil
import subprocess
from typing import Final

_ASKED: Final = "clocks.sm,clocks.max.sm,clocks.mem,temperature.gpu"
_FIELDS: Final = len(_ASKED.split(","))


def gpu_clocks(number: int) -> str:
    """Return the clocks of the NVIDIA GPU ``number`` as they are now, or empty where none says.

    >>> in_words("1980, 1980, 2619, 41")
    'SM clock 1980 of 1980 MHz, memory 2619 MHz, 41 °C'
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    line = [program, f"--id={number}", f"--query-gpu={_ASKED}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(line, capture_output=True, text=True, timeout=10, check=True)
    except (subprocess.SubprocessError, OSError):
        return ""
    return in_words(told.stdout.strip())


def in_words(told: str) -> str:
    """Return a line of ``nvidia-smi`` in words; empty where it is none."""
    values = [value.strip() for value in told.split(",")]
    if len(values) != _FIELDS or not values[0].isdigit():
        return ""
    now, most, memory, warmth = values
    return f"SM clock {now} of {most} MHz, memory {memory} MHz, {warmth} °C"
