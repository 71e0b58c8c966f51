"""Run all benchmarks, or the ones named: ``python -m benchmarks sweep_replay removal_table``.

All of them take hours. In a row they run with what each takes by default, in the order of the
issues that they belong to: how fast and how exact a sweep is, what removal does, what planning
predicts, how fast the smaller models are. One that fails costs its table, not the others'.
"""

import argparse
import importlib
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import Final

ORDER: Final = (
    "sweep_batch", "sweep_replay", "sweep_adaptive", "sweep_settled", "sweep_large", "sweep_cost",
    "kills", "removal_table", "half_channels", "smaller_speed", "prediction_table",
    "latency_table", "solver", "allocation",
)  # fmt: skip


def names() -> list[str]:
    """Return the benchmarks in this folder, the ones that ``ORDER`` does not know last."""
    found = [m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)])]
    place = {name: number for number, name in enumerate(ORDER)}
    public = [name for name in found if not name.startswith("_")]
    return sorted(public, key=lambda name: (place.get(name, len(ORDER)), name))


def main() -> None:
    """Print the table of every benchmark, and exit with 1 if one could not."""
    known = names()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*known, []], default=known)
    chosen = parser.parse_args().names
    sys.argv[1:] = []  # the words above are not the benchmarks' own
    failed = []
    for name in chosen:
        print(f"\n== {name} ==", flush=True)
        try:
            importlib.import_module(f"benchmarks.{name}").main()
        except (Exception, SystemExit):  # noqa: BLE001 - the other tables are still worth having
            traceback.print_exc()
            failed.append(name)
    if failed:
        sys.exit(f"Expected every benchmark to end, but these did not: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
