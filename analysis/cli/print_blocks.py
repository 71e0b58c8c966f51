"""What removing each residual block costs, on a terminal: a row a block, the cheapest first."""

from rich import box
from rich.table import Table

from prunescope.cli.terminal import console
from prunescope.curves.block_drops import BlockDrop
from prunescope.study import Manifest
from prunescope.text.scores import words_of
from prunescope.text.units import percent


def print_blocks(drops: tuple[BlockDrop, ...], manifest: Manifest) -> None:
    """Print the measured points of blocks; nothing without any."""
    if not drops:
        return
    words = words_of(manifest)
    table = Table(box=box.SIMPLE_HEAD, title="Blocks: what leaves whole", title_justify="left")
    table.add_column("block", no_wrap=True)
    for name in (words.loss_word, "recovery", "frees parameters", "frees MACs"):
        table.add_column(name, justify="left" if name == "recovery" else "right")
    for drop in drops:
        table.add_row(
            drop.block.name,
            words.cell(drop.point.drop, drop.point.interval.half_width),
            "" if drop.recovery == "none" else drop.recovery,
            percent(drop.block.unit_parameters / max(manifest.parameters, 1)),
            percent(drop.block.unit_macs / max(manifest.macs, 1)),
        )
    console.print(table)
