"""Rows as lines of a Markdown table, and the document around them."""

import platform
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from benchmarks.removal_table.row import TOLERANCE
from prunescope.text import numbers, units

COLUMNS: Final = (
    "model", "groups", "refused", "parameters", "left", "law error", "effect", "other batch",
    ".pt2", "ONNX", "capture + groups + remove (s)", "Torch-Pruning: left (s)",
)  # fmt: skip


def exact(row: dict[str, Any]) -> bool:
    """Whether the law holds, could have failed, and holds at another batch size."""
    return (
        "failed" not in row
        and row["law"] <= TOLERANCE
        and row["batch"] <= TOLERANCE
        and row["effect"] > 10 * TOLERANCE
    )


def line(row: dict[str, Any]) -> str:
    """Return one row of the table."""
    cells = [row["model"], *(_cells(row) if "failed" not in row else _failed(row)), _peer(row)]
    return f"| {' | '.join(cells)} |"


def _failed(row: dict[str, Any]) -> list[str]:
    return [f"fails: {row['failed']}", *([""] * (len(COLUMNS) - 3))]


def _cells(row: dict[str, Any]) -> list[str]:
    seconds = row["seconds"]
    return [
        str(row["groups"]),
        str(sum(row["refused"].values())),
        numbers.exact(row["parameters"]),
        units.percent(row["left"] / row["parameters"], 1),
        _small(row["law"]),
        f"{row['effect']:.2g}",
        _small(row["batch"]),
        _small(row.get("pt2")),
        _small(row.get("onnx")),
        f"{seconds['capture']} + {seconds['groups']} + {seconds['remove']}",
    ]


def _small(value: float | str | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"fails: {value}"
    return f"{value:.0e}" if value <= TOLERANCE else f"**{value:.0e}**"


def _peer(row: dict[str, Any]) -> str:
    other = row.get("torch-pruning")
    if other is None:
        return ""
    if "failed" in other:
        return f"fails: {other['failed']}"
    if "failed" in row:
        return f"{numbers.exact(other['left'])} ({other['seconds']})"
    return f"{units.percent(other['left'] / row['parameters'])} ({other['seconds']})"


def document(rows: Sequence[dict[str, Any]], absent: Sequence[str] = ()) -> str:
    """Return the whole file: what was run where, the table, the sums, and what is ``absent``."""
    reasons: Counter[str] = Counter()
    for row in rows:
        reasons.update(row.get("refused", {}))
    packages = ("torch", "torchvision", "timm", "transformers", "onnxruntime", "torch-pruning")
    good = [row for row in rows if exact(row)]
    tried = [row for row in rows if "onnx" in row]
    trips = [row for row in tried if _holds(row["pt2"]) and _holds(row["onnx"])]
    others = [row["torch-pruning"] for row in rows if "torch-pruning" in row]
    said = [f"{len(good)} of {len(rows)} models are exact."]
    if tried:
        said.append(f"{len(trips)} of {len(tried)} round trips through both formats hold.")
    if others:
        failed = sum("failed" in other for other in others)
        said.append(f"Torch-Pruning was run on {len(others)} of them; it failed on {failed}.")
    if absent:
        said.append(f"Not run yet: {len(absent)} more ({', '.join(absent)}).")
    head = "| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS)
    return f"""# Half of every group removed

Random weights, two small images (or rows of tokens), one thread. Half the units of every group
leave at once. `law error`: the largest difference between the outputs of the smaller network and
those of the dense one with the same units silent; `effect`: what silencing them changes, so that
a law which nothing could break would show; `other batch`: the first two samples' outputs when a
third is beside them; `.pt2`, `ONNX`: the smaller network exported, reloaded and run on three
samples (ONNX Runtime). All are relative to the largest output, equal means at most {TOLERANCE:g},
larger ones are bold. `refused` counts producing dimensions that stay, for the reasons below.
Torch-Pruning: its magnitude pruner with defaults at 50 %, stopped after 120 s. Seconds are those
of the wall clock, beside whatever else the machine did. An empty cell was not run.

{" ".join(said)}

Made {time.strftime("%Y-%m-%d")} on {platform.system()} {platform.machine()}, CPU,
Python {platform.python_version()}, {", ".join(f"{p} {version(p)}" for p in packages)}.

{head}
{chr(10).join(line(row) for row in rows)}

## Why dimensions stay

| times | reason |
|---|---|
{chr(10).join(f"| {count} | {reason} |" for reason, count in reasons.most_common())}
"""


def _holds(value: object) -> bool:
    return isinstance(value, float) and value <= TOLERANCE
