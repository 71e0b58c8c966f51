"""Tables as files: numbers in full, lists as one cell, no formulas."""

import pandas as pd

from prunescope.dashboard.tables.as_csv import as_csv


def test_a_table_is_written_in_full() -> None:
    table = pd.DataFrame(
        {"Layer": ["conv1", "=cmd|'/c calc'!A0"], "Drop, pt": [1 / 3, float("nan")],
         "Curve": [[0.0, 1.5], []]}
    )  # fmt: skip
    lines = as_csv(table).splitlines()
    assert lines[0] == 'Layer,"Drop, pt",Curve'
    assert lines[1] == "conv1,0.3333333333333333,0.0;1.5"
    assert lines[2] == "'=cmd|'/c calc'!A0,,"
