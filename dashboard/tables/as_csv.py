"""A table as a file that spreadsheets and programs read. No Streamlit."""

import pandas as pd

from prunescope.text.spreadsheets import cell


def as_csv(table: pd.DataFrame) -> str:
    """Return ``table`` as CSV: every number in full, lists as values with semicolons between."""
    written = table.rename(columns=lambda name: cell(str(name)))
    for name in written.select_dtypes(["object", "string"]):
        written[name] = written[name].map(_value)
    return str(written.to_csv(index=False, lineterminator="\n"))


def _value(value: object) -> object:
    if isinstance(value, list | tuple):
        return ";".join(map(str, value))
    return cell(value) if isinstance(value, str) else value
