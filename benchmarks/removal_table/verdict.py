"""What a row says in one word, and which of its numbers is wrong."""

from typing import Any, Final

from benchmarks.removal_table.row import TOLERANCES, names_a_line

VERDICTS: Final = (
    "exact", "nothing to remove", "refused", "without a line", "wrong", "ended", "not run"
)  # fmt: skip


def verdict(row: dict[str, Any]) -> str:
    """Return one of ``VERDICTS``.

    ``exact``: the law holds beside the silenced graph and beside the silenced modules, could have
    failed, holds at another batch size, and the cost is as foreseen. ``nothing to remove``: no
    group. ``refused``: no graph, and the sentence names a line. In the first three, every reason
    names a line of ``forward()``.
    """
    if "stopped" in row:
        return "not run"
    if "ended" in row:
        return "ended"
    if "problem" in row:
        return "refused" if names_a_line(row["problem"]) else "without a line"
    if wrong_numbers(row):
        return "wrong"
    if not all(place for _, _, place, _ in row["refused"]):
        return "without a line"
    return "exact" if row["groups"] else "nothing to remove"


def wrong_numbers(row: dict[str, Any]) -> list[str]:
    """Return the names of the numbers of a captured model that are not what they should be."""
    limit = TOLERANCES[row["dtype"]]
    wrong = [
        name
        for name in ("law", "eager", "batch")
        if row[name] is not None and not row[name] <= limit
    ]
    if row["groups"] and not row["effect"] > 10 * limit:
        wrong.append("effect")
    return wrong if row["foreseen"] else [*wrong, "foreseen"]
