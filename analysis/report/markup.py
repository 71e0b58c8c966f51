"""HTML of text that may be anybody's: everything is escaped here. Torch-free."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

_UNSEEN = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Marks that turn the direction of what follows, by which a name could read as another."""


_OPTION: Final = re.compile(r"--[a-z-]+")
_WHOLE: Final = r"<span class=whole>\g<0></span>"


def text(value: object) -> str:
    """Return HTML that shows ``value`` as it is.

    >>> text('<b> & "c"')
    '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return escape(str(value).translate(_UNSEEN), quote=True)


def paragraph(value: object, kind: str = "") -> str:
    """Return a paragraph of text, of the CSS class ``kind``."""
    return f"<p{f' class={kind}' if kind else ''}>{text(value)}</p>"


def items(values: Iterable[object]) -> str:
    """Return a list of texts, in which no line ends within an option; nothing for none."""
    inside = "".join(f"<li>{_OPTION.sub(_WHOLE, text(value))}</li>" for value in values)
    return f"<ul>{inside}</ul>" if inside else ""


def table(
    heads: Sequence[object], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()
) -> str:
    """Return a table of texts.

    Args:
        heads: Of the columns.
        rows: As many cells each.
        numbers: Places of columns that are set to the right.
    """

    def kind(place: int) -> str:
        return " class=number" if place in numbers else ""

    head = "".join(f"<th{kind(place)} scope=col>{text(x)}</th>" for place, x in enumerate(heads))

    def cell(place: int, value: object) -> str:
        shown = text(value)
        return _joined(shown) if place in numbers else shown

    lines = (
        "".join(f"<td{kind(place)}>{cell(place, x)}</td>" for place, x in enumerate(row))
        for row in rows
    )
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _joined(number: str) -> str:
    r"""A number that breaks in front of its brackets alone.

    >>> _joined("9.0 % (8.1 to 9.4)").replace("\xa0", "_")
    '9.0_% (8.1_to_9.4)'
    """
    return number.replace(" ", "\xa0").replace("\xa0(", " (")


def section(identity: str, title: str, *parts: str) -> str:
    """Return a section; empty where all its parts are."""
    inside = "".join(parts)
    if not inside:
        return ""
    return f"<section id={identity}><h2>{text(title)}</h2>{inside}</section>"
