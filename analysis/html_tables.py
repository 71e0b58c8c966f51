"""Small tables that a notebook shows in place of an object's text. Torch-free."""

from collections.abc import Iterable, Sequence
from html import escape

_CELL = "padding: 2px 10px 2px 0; text-align: left"


def table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], notes: Iterable[str] = ()
) -> str:
    """Return a heading, a table and sentences below it as HTML, every value escaped.

    >>> "&lt;b&gt;" in table("<b>", ["a"], [[1]])
    True
    """
    head = "".join(f'<th style="{_CELL}">{escape(str(name))}</th>' for name in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{_CELL}">{escape(str(value))}</td>' for value in row)
        + "</tr>"
        for row in rows
    )
    grid = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""
    below = "".join(f"<div>{escape(note)}</div>" for note in notes if note)
    return f"<div><b>{escape(title)}</b></div>{grid}{below}"


def facts(title: str, values: Iterable[tuple[str, object]], notes: Iterable[str] = ()) -> str:
    """Return a heading and one line for each named value as HTML, every value escaped."""
    rows = "".join(
        f'<tr><th style="{_CELL}">{escape(name)}</th>'
        f'<td style="{_CELL}">{escape(str(value))}</td></tr>'
        for name, value in values
    )
    below = "".join(f"<div>{escape(note)}</div>" for note in notes if note)
    return f"<div><b>{escape(title)}</b></div><table><tbody>{rows}</tbody></table>{below}"
