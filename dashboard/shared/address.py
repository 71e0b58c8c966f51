"""The browser's address, which always says what is on the page: reload it, or send it on."""

from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from prunescope.dashboard.shared import session, view
from prunescope.dashboard.shared.link import Shared, encode_plan, to_query
from prunescope.errors import BadValue
from prunescope.store.folder import StudyFolder

_SCRIPT: Final = Path(__file__).parents[1] / "address" / "address.js"


def link(opened: StudyFolder) -> str:
    """Return the address that restores the study, layer, plan and view of this session.

    Raises:
        BadValue: The plan is too long for a link.
    """
    parts = urlsplit(st.context.url or "http://localhost:8501/")
    return urlunsplit(parts._replace(query=_query(opened), fragment=""))


def show(opened: StudyFolder | None) -> None:
    """Let the browser's address follow, without an entry in its history.

    A plan too long for an address is left out; then a reload begins with an empty one.
    """
    if opened is None:
        return
    try:
        query = _query(opened)
    except BadValue:
        query = _query(opened, plan=False)
    component = st.components.v2.component("prunescope_address", js=_script())
    component(key="address", data={"query": query}, height=1)


def _query(opened: StudyFolder, plan: bool = True) -> str:
    draft = session.draft(opened).plan
    shared = Shared(
        opened.folder.name, session.remembered("layer"), session.remembered("method"),
        encode_plan(draft, opened.manifest) if plan and draft.choices else None, view.text(),
        session.remembered("show"),
    )  # fmt: skip
    return urlencode(to_query(shared))


@lru_cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")
