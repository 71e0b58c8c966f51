"""Rows as lines of Markdown tables, and the document around them."""

import platform
import re
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from benchmarks.removal_table.models import LIBRARIES, library_of
from benchmarks.removal_table.row import TOLERANCES
from benchmarks.removal_table.verdict import VERDICTS, verdict, wrong_numbers
from prunescope.text import numbers, units

COLUMNS: Final = (
    "model", "groups", "stay", "parameters", "left", "MACs left", "law", "modules", "effect",
    "CPU s", "MB",
)  # fmt: skip
_LONGEST: Final = 320


def line(row: dict[str, Any]) -> str:
    """Return one row of the table of models."""
    word = verdict(row)
    if "groups" not in row:
        said = row.get("stopped") or row.get("ended") or row.get("problem") or ""
        return f"| {row['model']} | {word}: {_short(said)} |" + " |" * (len(COLUMNS) - 2)
    seconds = row["seconds"]
    wrong = wrong_numbers(row)
    cells = [
        row["model"] + (f" (**{', '.join(wrong)}**)" if wrong else ""),
        str(row["groups"]),
        str(len(row["refused"])),
        numbers.exact(row["parameters"]),
        units.percent(row["left"] / row["parameters"], 1),
        units.percent(row["macs"][1] / row["macs"][0], 1) if row["macs"][0] else "",
        _small(row["law"]),
        _small(row["eager"]),
        f"{row['effect']:.1g}",
        f"{seconds['capture']:.1f} + {sum(seconds.values()) - seconds['capture']:.1f}",
        str(row["megabytes"]),
    ]
    return f"| {' | '.join(cells)} |"


def document(rows: Sequence[dict[str, Any]], absent: Sequence[str], cost: str = "") -> str:
    """Return the whole file: what was run where, sums by library, files, reasons, and rows.

    Args:
        rows: As they were made.
        absent: Models that were not run.
        cost: More sections, as they are.
    """
    packages = ("torch", "torchvision", "onnxruntime", *LIBRARIES)
    verdicts = Counter(map(verdict, rows))
    good = verdicts["exact"] + verdicts["nothing to remove"] + verdicts["refused"]
    judged = len(rows) - verdicts["not run"]
    share = f"{100 * good / max(1, judged):.1f} %"
    return f"""# Half of every group removed, in {len(rows)} models

`python -m benchmarks.removal_table` builds each model with random weights (biases and running
statistics too), captures it with two small samples in float64 (float32 where the model's own code
insists), and removes a random half of the units of every group at once. **Exact** means: the
outputs equal those of the dense graph with the same units silent (`law`), and those of the model's
own modules with the parameters of these units zero (`modules`; only groups over which no norm
runs), both relative to the largest output and at most {TOLERANCES["float64"]:g} (float32:
{TOLERANCES["float32"]:g}); silencing does change the outputs (`effect`); the first two samples'
outputs stay the same with a third beside them; and parameters, bytes and multiply-accumulates of
two smaller networks are the foreseen ones, to the last. **Refused** means: there is no graph, and
the sentence names the line of code. Every reason why a dimension stays names a line too; a row
where one does not counts as *without a line*.

Each model runs in a process of its own with one thread, at most 6 GiB and 150 CPU seconds.
`CPU s`: capture (which runs the model twice) + groups with their trials, description and removal;
`MB`: peak memory beyond the libraries'. Made {time.strftime("%Y-%m-%d")} on {platform.system()}
{platform.machine()}, Python {platform.python_version()}, {", ".join(_versions(packages))}.

**{good} of {judged} ({share}) are exact or refused with a line; {verdicts["wrong"]} wrong,
{verdicts["ended"]} ended with an error.**

{_summary(rows)}
{_not_run(rows, absent)}
{_troubles(rows)}{_files(rows)}{cost}
## Why dimensions stay

{_reasons(rows)}

## Models
{_models(rows)}"""


def _versions(packages: Sequence[str]) -> list[str]:
    made = []
    for package in packages:
        try:
            made.append(f"{package} {version(package.replace('_', '-'))}")
        except PackageNotFoundError:
            made.append(f"{package} (absent)")
    return made


def _summary(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        f"| library | models | {' | '.join(VERDICTS)} |",
        "|---|" + "---:|" * (len(VERDICTS) + 1),
    ]
    for library in ("torchvision", *LIBRARIES, "all"):
        own = [row for row in rows if library in (library_of(row["model"]), "all")]
        counts = Counter(map(verdict, own))
        cells = [str(counts[word] or "") for word in VERDICTS]
        lines.append(f"| {library} | {len(own)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _not_run(rows: Sequence[dict[str, Any]], absent: Sequence[str]) -> str:
    stopped = [f"{row['model']} ({row['stopped']})" for row in rows if "stopped" in row]
    said = f"\nStopped at a limit: {', '.join(stopped)}." if stopped else ""
    if absent:
        said += f"\nNot run this time: {len(absent)} ({', '.join(absent)})."
    return said


def _troubles(rows: Sequence[dict[str, Any]]) -> str:
    bad = [row for row in rows if verdict(row) in ("without a line", "wrong", "ended")]
    lines = [f"- {row['model']}: {_trouble(row)}" for row in bad]
    return "\n## What falls short\n\n" + "\n".join(lines) + "\n" if lines else ""


def _trouble(row: dict[str, Any]) -> str:
    word = verdict(row)
    if "groups" not in row:
        return f"{word}: {_short(row.get('ended') or row['problem'])}"
    if word == "wrong":
        return f"wrong {', '.join(wrong_numbers(row))}"
    reasons = [reason for reason, _, place, _ in row["refused"] if not place]
    return f"exact, but a reason names no line: {reasons[0]}"


def _files(rows: Sequence[dict[str, Any]]) -> str:
    tried = [row for row in rows if "pt2" in row.get("files", {})]
    if not tried:
        return ""
    limit = TOLERANCES["float32"]
    held = {
        kind: sum(isinstance(v := row["files"].get(kind), float) and v <= limit for row in tried)
        for kind in ("pt2", "onnx")
    }
    lines = [
        f"| {row['model']} | {'; '.join(row['files']['free']) or 'batch only: 3 and 1'} | "
        f"{_file(row['files'].get('pt2'))} | {_file(row['files'].get('onnx'))} |"
        for row in tried
    ]
    return f"""
## The smaller network as a file

Written in float32, reloaded and run at two sizes: the studied one with three samples, and another
one along every dimension that is free in the model, there held against a graph captured at that
size on its own. {held["pt2"]} of {len(tried)} `.pt2` and {held["onnx"]} of {len(tried)} ONNX files
(ONNX Runtime) give the same outputs to {limit:g} of the largest.

| model | free sizes | .pt2 | ONNX |
|---|---|---|---|
{chr(10).join(lines)}
"""


def _file(value: float | str | None) -> str:
    if isinstance(value, float):
        return f"{value:.0e}" if value <= TOLERANCES["float32"] else f"**{value:.0e}**"
    return "" if value is None else f"refused: {_short(value)}"


def _reasons(rows: Sequence[dict[str, Any]]) -> str:
    reasons: Counter[str] = Counter()
    models: Counter[str] = Counter()
    for row in rows:
        said = [reason for reason, *_ in row.get("refused", ())]
        reasons.update(said)
        models.update(set(said))
    lines = ["| times | models | reason |", "|---:|---:|---|"]
    lines += [
        f"| {n} | {models[reason]} | {_short(reason)} |" for reason, n in reasons.most_common()
    ]
    return "\n".join(lines)


def _models(rows: Sequence[dict[str, Any]]) -> str:
    head = f"| {' | '.join(COLUMNS)} |\n|---|" + "---:|" * (len(COLUMNS) - 1)
    parts = []
    for library in ("torchvision", *LIBRARIES):
        own = [line(row) for row in rows if library_of(row["model"]) == library]
        if own:
            shown = [each.replace(f"| {library}:", "| ", 1) for each in own]
            parts.append(f"\n### {library}\n\n{head}\n" + "\n".join(shown) + "\n")
    return "".join(parts)


def _short(text: str) -> str:
    said = " ".join(text.split()).replace("|", "/").replace("\\", "/")
    said = re.sub(r"\S*/site-packages/", "", said)  # where the libraries lie here says nothing
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST].rsplit(' ', 1)[0]} …"


def _small(value: float | None) -> str:
    return "" if value is None else f"{value:.0e}"
