"""Run all benchmarks, or the ones named: ``python -m benchmarks sweep_replay removal_table``.

All of them take hours. In a row they run with what each takes by default, each in a process of its
own, in the order of the issues that they belong to: how fast and how exact a sweep is, what removal
does, what planning predicts, how fast the smaller models are. One that fails or takes longer than
``--minutes`` costs the rest of its table, not the others'.
"""

import argparse
import pkgutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ORDER: Final = (
    "sweep_batch", "sweep_machine", "sweep_replay", "sweep_adaptive", "sweep_settled",
    "sweep_large", "sweep_cost", "find", "find_lite1", "first_look", "first_curves",
    "removal_table", "half_channels", "many_zeros", "won_back", "peers", "smaller_speed",
    "prediction_table", "unseen", "imagenet_network", "latency_table", "solver", "allocation",
    "busy_timing", "forecasts", "metric_price", "metric_coverage", "killed_tuning",
    "browser_page", "device", "ray_workers", "many_workers", "memory",
)  # fmt: skip
MINUTES: Final = 120.0


def names() -> list[str]:
    """Return the benchmarks in this folder, the ones that ``ORDER`` does not know last."""
    found = [m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)])]
    place = {name: number for number, name in enumerate(ORDER)}
    public = [name for name in found if not name.startswith("_")]
    return sorted(public, key=lambda name: (place.get(name, len(ORDER)), name))


def command(name: str) -> Sequence[str]:
    """Return the command that runs the benchmark ``name`` with what it takes by default."""
    return (sys.executable, "-m", f"benchmarks.{name}")


def main() -> None:
    """Print the table of every benchmark, and exit with 1 if one could not."""
    known = names()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*known, []], default=[])
    parser.add_argument("--minutes", type=float, default=MINUTES, help="each may take at most")
    asked = parser.parse_args()
    failed = []
    for name in asked.names or known:
        print(f"\n== {name} ==", flush=True)
        try:
            code = subprocess.run(command(name), timeout=60 * asked.minutes, check=False).returncode
        except subprocess.TimeoutExpired:
            code = None
        if code != 0:
            failed.append(name if code is not None else f"{name} (in {asked.minutes:g} minutes)")
    if failed:
        sys.exit(f"Expected every benchmark to end, but these did not: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
