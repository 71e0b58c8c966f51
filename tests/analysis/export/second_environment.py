"""An environment that holds ONNX Runtime, NumPy and what these need, and nothing else."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

_SCRIPT = """
import sys
import numpy, onnxruntime
for name in ("torch", "onnx", "prunescope", "pandas", "scipy"):
    try:
        __import__(name)
    except ImportError:
        continue
    sys.exit(f"{name} is here too")
with numpy.load(sys.argv[2]) as data:
    inputs, targets = data["inputs"], data["targets"]
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
right = 0
for start in range(0, len(inputs), 500):
    logits = session.run(None, {name: inputs[start : start + 500]})[0]
    right += int((logits.argmax(1) == targets[start : start + 500]).sum())
print(right / len(inputs))
"""


def make(folder: Path) -> Path:
    """Fill ``folder`` with links to the installed packages; no other path is looked through."""
    wanted, seen = ["onnxruntime", "numpy"], set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # asked for on other systems
        for top in {file.parts[0] for file in found.files or () if ".." not in file.parts}:
            link = folder / top
            if not link.exists() and top != "__pycache__":
                link.symlink_to(Path(str(found.locate_file(top))))
        wanted += [
            match[0]
            for each in found.requires or ()
            if "extra ==" not in each and (match := re.match(r"[\w.-]+", each))
        ]
    return folder


def accuracy(environment: Path, file: Path, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Return the share of right answers of the ONNX ``file``, computed in ``environment``."""
    data = environment.parent / "data.npz"
    np.savez(data, inputs=inputs, targets=targets)
    code = f"import sys\nsys.path.insert(0, {str(environment)!r})\n{_SCRIPT}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, file, data],  # -S: no site-packages
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return float(done.stdout)
