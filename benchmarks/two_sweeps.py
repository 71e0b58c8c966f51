"""Two sweeps of the same points into one store at the same time: what both of them measure.

    python -m benchmarks.two_sweeps                            # LeNet-5, a folder as the store
    python -m benchmarks.two_sweeps --model sample:resnet20 --late 20

Each is a process of its own on one thread, with a study folder of its own; nothing but the store is
common to them. Columns:

* ``sweep``: the one that began first, and the one that began ``--late`` seconds later;
* ``seconds``: of measuring; ``samples``: evaluated, all points together;
* ``share``: of the grid's samples, so the two shares sum to 100 % and what is measured twice;
* ``taken``, ``twice``: points that the command says it took over, and that both measured whole.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from prunescope.store.folder import StudyFolder
from prunescope.text import units


def main() -> None:
    """Print a line for each sweep, and what they measured together."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="sample:lenet5")
    parser.add_argument("--data", default="sample:fashion-mnist")
    parser.add_argument("--sparsities", default="0.1:0.9:0.1")
    parser.add_argument("--methods", default="magnitude")
    parser.add_argument("--late", type=float, default=0.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = []
        for number in range(2):
            begun.append(_begin(asked, Path(folder), number))
            time.sleep(asked.late * (1 - number))
        reports: list[dict[str, Any]] = [json.loads(run.communicate()[0]) for run in begun]
        study = StudyFolder.open(Path(folder) / "study 0")
        frame = study.measured()
        whole = int(frame["samples"].sum())
    print("| sweep | seconds | samples | share | taken | twice |\n|---|---|---|---|---|---|")
    for number, report in enumerate(reports):
        print(
            f"| {number + 1} | {report['seconds']:.1f} | {report['samples']} | "
            f"{units.percent(report['samples'] / whole, 1)} | {report['exchange']['taken']} | "
            f"{report['exchange']['twice']} |"
        )
    both = sum(report["samples"] for report in reports) / whole
    print(f"Together {units.percent(both, 1)} of the {len(frame)} points' {whole} samples.")


def _begin(asked: argparse.Namespace, folder: Path, number: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable, "-W", "ignore", "-m", "prunescope.cli", "sweep", asked.model,
            "--data", asked.data, "--sparsities", asked.sparsities, "--methods", asked.methods,
            "--study", str(folder / f"study {number}"), "--store", f"file://{folder / 'store'}",
            "--threads", "1", "--no-screen", "--json",
        ],
        stdout=subprocess.PIPE, text=True,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / f"cache {number}")},
    )  # fmt: skip


if __name__ == "__main__":
    main()
