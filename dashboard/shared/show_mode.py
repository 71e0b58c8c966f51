"""Whether this window shows a tour to a room, and at which stop: kept in the link."""

from typing import Final

from prunescope.dashboard.shared import session

_STOP: Final = "show"


def stop() -> int | None:
    """Return the number of the stop, from 1 on; None while the pages are shown as usual."""
    said = session.remembered(_STOP)
    return int(said) if said is not None and said.isdecimal() and 0 < int(said) < 100 else None


def turn_to(number: int | None) -> None:
    """Go to a stop, or back to the pages."""
    session.remember(_STOP, None if number is None else str(number))
