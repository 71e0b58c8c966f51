"""Groups on a terminal: what leaves together, what that frees, and what stays."""

from typing import TYPE_CHECKING, Final

from rich.padding import Padding
from rich.text import Text

from prunescope.cli.terminal import console
from prunescope.study import GroupSummary
from prunescope.study.method import BLOCK
from prunescope.text.blocking import blocking
from prunescope.text.numbers import exact
from prunescope.text.units import bytes_, percent

if TYPE_CHECKING:
    from prunescope.bench.inspection import Inspection

_HEADS: Final = ("units", "parameters", "MACs", "bytes", "half, par./MACs")
_WIDTHS: Final = (13, 11, 13, 9, 17)
_NAMES: Final = (14, 30)
_MOST: Final = 4
"""Followers (norms, biases) that are named before the rest is counted."""


def print_groups(found: "Inspection") -> None:
    """Print every removable group with its members, then why others stay, the costliest first."""
    if not found.groups:
        return
    groups = [g for g in found.groups if g.reason is None and g.granularity != BLOCK]
    if groups:
        console.print("\n[italic]Groups: what leaves together[/]")
        width = min(max(_NAMES[0], *(len(group.name) for group in groups)), _NAMES[1])
        console.print(_line("one unit frees →", ("", *_HEADS[1:]), width), style="bold")
        for group in groups:
            _print_group(group, found, width)
        console.print(
            "\nOne unit: what it frees when it leaves alone. Half: its share of the model's "
            "parameters / MACs, when half of the group's units leave and no other group's.",
            highlight=False,
        )
        if found.everywhere is not None:
            console.print(
                "Half of every group together frees "
                f"{_shares(found, found.everywhere.parameters, found.everywhere.macs)} of "
                "parameters / MACs: most weights shrink on both sides.",
                highlight=False,
            )
    for reason in found.blocked:
        console.print(Text(blocking(reason)), style="dim")
    _print_blocks(found)


def _print_blocks(found: "Inspection") -> None:
    """Print every residual block with what it frees, then why others stay."""
    blocks = [group for group in found.groups if group.granularity == BLOCK]
    if not blocks:
        return
    console.print("\n[italic]Blocks: what leaves whole[/]")
    for block in blocks:
        where = f" ({block.place})" if block.place else ""
        if block.reason is not None:
            console.print(Text(f"{block.name} stays: {block.reason}{where}."), style="dim")
            continue
        frees = (
            f"frees {exact(block.unit_parameters)} parameters, {exact(block.unit_macs)} MACs "
            f"({_shares(found, block.unit_parameters, block.unit_macs)})"
        )
        console.print(Text.assemble((block.name, "bold"), f" {frees}"), highlight=False)


def _print_group(group: GroupSummary, found: "Inspection", width: int) -> None:
    half = found.halves[group.name]
    cells = (
        f"{group.units} {group.granularity}s", exact(group.unit_parameters),
        exact(group.unit_macs), bytes_(group.unit_bytes),
        _shares(found, half.parameters, half.macs),
    )  # fmt: skip
    if len(group.name) > width:
        console.print(Text(group.name, style="bold"))
        console.print(_line("", cells, width), highlight=False)
    else:
        console.print(_line(group.name, cells, width), highlight=False)
    console.print(Padding(Text(_members(group), style="dim"), (0, 0, 0, 4)))


def _line(name: str, cells: tuple[str, ...], width: int) -> Text:
    padded = (cell.rjust(size) for cell, size in zip(cells, _WIDTHS, strict=True))
    return Text(f"{name:<{width}} " + " ".join(padded), no_wrap=True, overflow="ignore")


def _members(group: GroupSummary) -> str:
    """Who makes, reads and carries the units, each with the dimension that shrinks."""
    parts = []
    for role, word in (("producer", "made by"), ("consumer", "read by")):
        dimensions: dict[str, set[int]] = {}
        for member in group.members:
            if member.role == role:
                dimensions.setdefault(member.layer, set()).add(member.dimension)
        if dimensions:
            named = (f"{n} ({','.join(map(str, sorted(d)))})" for n, d in dimensions.items())
            parts.append(f"{word} {', '.join(named)}")
    active = {member.layer for member in group.members if member.role != "follower"}
    along = [name for name in group.layers if name not in active]
    if along:
        more = f" and {len(along) - _MOST} more" if len(along) > _MOST else ""
        parts.append(f"with {', '.join(along[:_MOST])}{more}")
    if group.normalised:
        parts.append("a norm runs over the units")
    return "; ".join(parts)


def _shares(found: "Inspection", parameters: int, macs: int) -> str:
    shares = (parameters / max(found.parameters, 1), macs / max(found.macs, 1))
    return " / ".join(map(percent, shares))
