"""The rows that the cache holds, as a page: for each network and budget, the best first."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from benchmarks.peers.result import Cell, Result
from prunescope.statistics.paired import Interval

_TITLES = {"none": "as it comes", "bn": "+ batch norm", "ls": "+ our `ls`"}


def markdown(results: Iterable[Result]) -> str:
    """Return the tables of all ``results``: points lost on the test split, 95 % intervals."""
    lines = _merged(results)
    columns = list(_TITLES)
    columns += sorted({name for line in lines for name in line.cells} - set(columns))
    parts = []
    for (network, budget), group in groupby(lines, key=lambda r: (r.network, r.budget)):
        parts += [
            f"\n## {network}, {100 * budget:g} % of the MACs\n",
            *_table(list(group), columns),
        ]
    return "\n".join(parts)


def _table(lines: Sequence[Result], columns: Sequence[str]) -> list[str]:
    head = [
        "tool",
        "setting",
        "MACs",
        *(_TITLES.get(c, f"+ `{c}`") for c in columns),
        "seconds",
        "",
    ]
    rows = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for line in sorted(lines, key=_least):
        cells = [_words(line.cells.get(column)) for column in columns]
        shares = sorted({f"{100 * cell.share:.1f}" for cell in line.cells.values()})
        share = " to ".join(dict.fromkeys((shares[0], shares[-1]))) if shares else ""
        row = [line.tool, line.setting, share, *cells, _seconds(line), line.note]
        rows.append("| " + " | ".join(row) + " |")
    return rows


def _merged(results: Iterable[Result]) -> list[Result]:
    """Recipes of one setting as one line."""
    ordered = sorted(results, key=lambda r: (r.network, -r.budget, r.tool, r.setting))
    merged = []
    for key, group in groupby(ordered, key=lambda r: (r.network, r.budget, r.tool, r.setting)):
        parts = list(group)
        cells = {name: cell for part in parts for name, cell in part.cells.items()}
        seconds = max(part.seconds for part in parts)
        note = ". ".join(dict.fromkeys(part.note for part in parts if part.note))
        merged.append(Result(*key, seconds, cells, note))
    return merged


def _least(line: Result) -> float:
    return min((cell.lost.mean for cell in line.cells.values()), default=2.0)


def _words(cell: Cell | None) -> str:
    return "" if cell is None else _interval(cell.lost)


def _interval(lost: Interval) -> str:
    return f"{100 * lost.mean:.2f} ({100 * lost.low:.2f} to {100 * lost.high:.2f})"


def _seconds(line: Result) -> str:
    extra = [f"`{n}` {c.seconds:.0f}" for n, c in line.cells.items() if c.seconds >= 0.5]
    return f"{line.seconds:.0f}" + (f", {', '.join(extra)}" if extra else "")
