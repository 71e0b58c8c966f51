"""On which machines tables were measured, told apart from the one that this is. No Streamlit."""

from collections.abc import Iterable

from prunescope.commands import next_steps
from prunescope.latency.machine import machine
from prunescope.latency.table.predict_time import LatencyPrediction, Setting

HERE = f"Measure them here: `{next_steps.time_network()}`."


def machines_of(found: Iterable[LatencyPrediction]) -> list[str]:
    """Return on which machines the tables were measured."""
    return list(dict.fromkeys(each.setting.machine for each in found))


def named(setting: Setting) -> str:
    """Return a table's setting, with a word where it is another machine's."""
    return f"{setting} (another machine)" if setting.elsewhere else str(setting)


def where(machines: list[str]) -> str:
    """Return where tables were measured, and what to do where that is not here."""
    here = machine()
    if here in machines:
        others = len(machines) > 1
        return "Each machine has its own times." if others else f"Timed on {here}, this machine."
    return f"Timed on {'; '.join(machines)}, not on this machine ({here}). {HERE}"
