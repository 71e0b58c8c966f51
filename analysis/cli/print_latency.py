"""What ``time`` prints of a latency table."""

from rich import box
from rich.table import Table

from prunescope.cli.terminal import console
from prunescope.latency.table.predict_time import LatencyTable
from prunescope.latency.table.staircase import described, flat_steps, staircase
from prunescope.study import Manifest
from prunescope.text.numbers import counted
from prunescope.text.units import percent


def table_figures(manifest: Manifest, table: LatencyTable) -> dict[str, object]:
    """Return what ``--json`` prints of a table: its setting, errors and staircases."""
    known = {name: staircase(manifest, table, name) for name in table.timed_groups}
    return {
        "setting": vars(table.setting),
        "models": len(table.rows),
        "dense_seconds": table.dense_seconds,
        "error": table.error(manifest),
        "macs_error": table.macs_error(manifest),
        "staircases": {
            name: [{"kept": s.kept, "ratio": s.ratio, "timed": s.timed} for s in steps]
            for name, steps in known.items()
        },
        "flat": {
            name: described(flat_steps(steps), manifest.group(name).granularity)
            for name, steps in known.items()
        },
    }


def print_table(manifest: Manifest, table: LatencyTable) -> None:
    """Print how well a table predicts, and what each group's units cost."""
    error, by_macs = table.error(manifest), table.macs_error(manifest)
    console.print(
        f"{table.setting}: dense {1e3 * table.dense_seconds:.3g} ms, "
        f"{counted(len(table.rows), 'smaller model')} timed. "
        + (
            "Too few combinations are timed to state an error; spend more --budget."
            if error is None or by_macs is None
            else f"A plan's time is predicted with a median error of {percent(error)} on held-out "
            f"models ({percent(by_macs, 0)} in proportion to MACs)."
        ),
        highlight=False,
    )
    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("group", no_wrap=True)
    for share in (75, 50, 25):
        shown.add_column(f"{share} % kept", justify="right")
    shown.add_column("steps that buy nothing")
    for name in table.timed_groups:
        steps = staircase(manifest, table, name)
        cells = [
            f"{steps[max(round(len(steps) * s / 100), 1) - 1].ratio:.3f}×" for s in (75, 50, 25)
        ]
        shown.add_row(
            name, *cells, " ".join(described(flat_steps(steps), manifest.group(name).granularity))
        )
    console.print(shown)
    console.print("Times relative to the dense model, one group smaller and the rest dense.")
