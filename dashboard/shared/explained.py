"""The columns of a table with what they mean, one hover away.

Streamlit's static tables have no help of their own: what stands beside one says it of all columns.
"""

from collections.abc import Iterable, Mapping

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from prunescope.dashboard.tables.column_meanings import MEANINGS
from prunescope.text import plain


def explained(
    columns: Iterable[object], config: Mapping[str, ColumnConfig], others: str | None = None
) -> dict[str, ColumnConfig]:
    """Return ``config`` with the meaning of every column that says none of its own.

    Args:
        columns: Names of the table's columns.
        config: What is special about some of them.
        others: The meaning of columns that are called after what the user named.
    """
    made = dict(config)
    for name in (*map(str, columns), *config):
        meaning = MEANINGS.get(name, others)
        if name not in made:
            made[name] = st.column_config.Column(help=meaning)
        elif not made[name].get("help"):
            made[name] = made[name] | {"help": meaning}
    return made


def meanings(columns: Iterable[object], closer: Mapping[str, str] | None = None) -> str:
    """Return what the columns (and rows) of a static table mean, as a help text beside it.

    Args:
        columns: Names of columns, or of rows, in their order; empty ones are left out.
        closer: What some of them mean in this table alone.
    """
    own = MEANINGS | dict(closer or {})
    names = [str(name) for name in columns if str(name) in own]
    return "\n".join(f"- **{plain.text(name)}**: {plain.text(own[name])}" for name in names)
