"""The order in which several processes share the tests: what takes long is begun first.

``--dist worksteal`` deals the tests in equal numbers, in their order, and whoever has nothing left
takes over the last ones of another. So each share begins with some of what takes long, and what is
handed on late is short.
"""

from collections.abc import Sequence
from typing import Final

import pytest

FIRST: Final = (
    "tests/browser/", "tests/analysis/export/", "tests/docs/", "tests/dashboard/test_together.py",
    "tests/tasks/", "tests/test_readme.py", "tests/wheel/", "tests/analysis/cli/test_inter",
    "tests/analysis/ray_workers/test_cluster.py", "tests/analysis/latency/", "tests/faults/",
    "tests/benchmarks/",
)  # fmt: skip
"""Where tests take many seconds each, the longest first."""


def long_first(items: Sequence[pytest.Item], processes: int) -> list[pytest.Item]:
    """Return the tests so that each of ``processes`` equal parts begins with some long ones."""
    groups: dict[str, list[pytest.Item]] = {name: [] for name in FIRST}
    short: list[pytest.Item] = []
    for item in items:
        name = next((name for name in FIRST if item.nodeid.startswith(name)), None)
        (short if name is None else groups[name]).append(item)
    heads: list[list[pytest.Item]] = [[] for _ in range(processes)]
    for place, group in enumerate(group for group in groups.values() if group):
        heads[place % processes] += group
    ordered: list[pytest.Item] = []
    for place, head in enumerate(heads):
        share = (len(items) - len(ordered)) // (processes - place)
        fill = max(share - len(head), 0)
        ordered += [*head, *short[:fill]]
        short = short[fill:]
    return ordered + short
