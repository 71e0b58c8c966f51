"""Start jobs in the viewer's name."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope import jobs
from prunescope.commands import Request
from prunescope.dashboard.shared import rights, session
from prunescope.errors import PrunescopeError
from prunescope.jobs import Job
from prunescope.text import plain

_KEY: Final = "signature"
_FORWARDED: Final = ("X-Forwarded-User", "X-Remote-User", "Remote-User")
"""Where a proxy that asks for a login says who came."""
_LONGEST: Final = 40


def start(study: Path, request: Request) -> Job:
    """Start what ``request`` asks of the study in ``study``, signed with the viewer's name."""
    return jobs.start(study, request, owner=owner())


def pressed(study: Path, requests: Callable[[], Sequence[Request]]) -> None:
    """Start what is asked, as the callback of a button; the page tells what keeps it from that.

    A run of the page that handles a press may be ended before it comes to the button, by the next
    one; callbacks are called at its very beginning, so the press is not lost.
    """
    try:
        for request in requests():
            start(study, request)
    except PrunescopeError as error:
        session.notice(str(error))


def restart(job: Job) -> Job:
    """Start what ``job`` was asked to do once more, signed with the viewer's name."""
    return jobs.restart(job, owner=owner())


def owner() -> str:
    """Return how the viewer signs: as typed, else as the proxy says, else not at all."""
    typed = str(st.session_state.get(_KEY) or "")
    return " ".join((typed or _forwarded()).split())[:_LONGEST]


def sign() -> None:
    """Ask once for the name that the viewer's jobs are signed with."""
    if rights.locked():
        return
    with st.popover(plain.text(owner() or "Sign"), icon=":material/person:"):
        st.text_input(
            "Your name", _forwarded(), key=_KEY, max_chars=_LONGEST, persist_state="session",
            help="Stands beside the jobs that you start, for whoever shares this dashboard.",
        )  # fmt: skip


def _forwarded() -> str:
    headers = st.context.headers
    return next((headers[name] for name in _FORWARDED if name in headers), "")
