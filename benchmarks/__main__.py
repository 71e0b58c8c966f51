"""Run all benchmarks, or the ones named: ``python -m benchmarks sweep_cost removal_table``."""

import argparse
import importlib
import pkgutil
from pathlib import Path


def main() -> None:
    """Print the table of every benchmark module in this folder that has a ``main``."""
    names = [m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name[0] != "_"]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*names, []], default=names)
    for name in parser.parse_args().names:
        print(f"\n== {name} ==", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
