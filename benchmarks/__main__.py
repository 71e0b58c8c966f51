"""Run all benchmarks, or the ones named: ``python -m benchmarks sweep_cost removal_table``."""

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> None:
    """Print the table of every benchmark module in this folder that has a ``main``."""
    names = [m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name[0] != "_"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*names, []], default=names)
    chosen = parser.parse_args().names
    sys.argv[1:] = []  # the words above are not the benchmarks' own
    for name in chosen:
        module = importlib.import_module(f"benchmarks.{name}")
        if hasattr(module, "main"):
            print(f"\n== {name} ==", flush=True)
            module.main()


if __name__ == "__main__":
    main()
