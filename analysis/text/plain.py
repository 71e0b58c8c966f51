"""Names and sentences from a study as text: no Markdown, no HTML, no link of theirs counts.

A study's folder can come from anywhere, and so can every name in it. What a page puts into
Markdown goes through here. No Streamlit.
"""

import re
from typing import Final

_JOINER: Final = "\u2060"
"""Takes no room and ends what looks like a link: those are made after escapes are resolved."""
_SPECIAL: Final = re.compile(r"[\\`*\[\]<>$~|^]|!(?=\[)|&(?=[#\w])|(?<!\w)_|_(?!\w)|:(?=[\w+])")
_AT_START: Final = re.compile(r"^(?=[#+=-])")
_NUMBERED: Final = re.compile(r"^(\d+)([.)])")
_LINK: Final = re.compile(r"(:)(//)|(www)(\.)|(@)(?=\w)|(:)(streamlit:)", re.IGNORECASE)
_MARKS: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def text(value: object) -> str:
    r"""Return Markdown that shows ``value`` as it is, in one line.

    >>> print(text("conv_1 <b> *x* [a](b) :red[c]"))
    conv_1 \<b\> \*x\* \[a\](b) \:red\[c\]
    """
    line = " ".join(str(value).split())
    line = _LINK.sub(lambda found: _parted(found.groups()), line)
    line = _SPECIAL.sub(lambda found: "\\" + found.group(), line)
    return _NUMBERED.sub(r"\1\\\2", _AT_START.sub(r"\\", line))


def code(value: object) -> str:
    """Return Markdown that shows ``value`` as code, in one line.

    >>> print(code("a`b"))
    `` a`b ``
    """
    line = " ".join(str(value).split()) or " "
    longest = max((len(run) for run in re.findall("`+", line)), default=0)
    if not longest:
        return f"`{line}`"
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}"


def mark(value: object) -> str:
    """Return what Plotly, which knows some HTML, shows as ``value``.

    >>> mark('<a href="x">b</a>')
    '&lt;a href="x"&gt;b&lt;/a&gt;'
    """
    plain = "".join(_MARKS.get(letter, letter) for letter in str(value))
    return plain.replace("%{", f"%{_JOINER}{{")


def _parted(groups: tuple[str | None, ...]) -> str:
    first, *rest = [part for part in groups if part]
    return first + _JOINER + "".join(rest)
