"""Name a study anew, copy it, throw it away, and take studies out of the trash."""

from pathlib import Path

import streamlit as st

from prunescope.dashboard.shared import page_header, problems, rights, study_jobs
from prunescope.errors import BadValue
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.store.study_names import duplicate, rename, restore, thrown_away
from prunescope.store.trash import TRASH, throw_away
from prunescope.text import plain


def show(opened: StudyFolder) -> None:
    """Offer what can be done with the study as a whole; nothing where it is the only one."""
    if (page_header.folder() / MANIFEST).is_file():
        return
    place = opened.folder
    with st.expander("Rename, duplicate or delete this study", icon=":material/folder_managed:"):
        left, right = st.columns(2, gap="large")
        with left:
            name = st.text_input("New name", place.name, key=f"rename {place.name}")
            st.button(
                "Rename", key="rename", icon=":material/edit:", disabled=rights.locked(),
                on_click=_rename, args=(place, name),
                help=rights.why("Links to the old name then lead to the first study."),
            )  # fmt: skip
        with right:
            copy = st.text_input("Name of the copy", f"{place.name} 2", key=f"copy {place.name}")
            st.button(
                "Duplicate", key="duplicate", icon=":material/content_copy:",
                disabled=rights.locked(), on_click=_duplicate, args=(place, copy),
                help=rights.why("Measurements, plans and exports too; its jobs stay here."),
            )  # fmt: skip
        st.button(
            "Delete", key="delete study", icon=":material/delete:", disabled=rights.locked(),
            on_click=_delete, args=(place,),
            help=rights.why(f"Into {TRASH} beside it, from where it comes back whole."),
        )  # fmt: skip
    trash()


def unmade() -> None:
    """List the studies whose first sweep failed, each with its last word; nothing without any."""
    places = page_header.unmade()
    places.pop(place.name if (place := page_header.place()) is not None else "", None)
    if not places:
        return
    with st.expander(f"Not made: {', '.join(map(plain.text, places))}", icon=":material/error:"):
        for name, path in places.items():
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    "Look at it", key=f"look {name}", on_click=page_header.choose, args=(name,),
                    help="Its jobs, to start them again or to take it out of the list.",
                )  # fmt: skip
                st.markdown(f"**{plain.text(name)}**: {plain.text(_last_word(path))}")


def _last_word(place: Path) -> str:
    """Why the study is not there."""
    words = (snapshot.error for job in study_jobs.jobs_of(place) if (snapshot := job.snapshot()))
    return next(filter(None, words), "Its sweep was cancelled before the model was captured.")


def trash() -> None:
    """List what was thrown away, to be taken back; nothing where nothing was."""
    places = thrown_away(page_header.folder())
    if not places:
        return
    with st.expander(f"Trash: {len(places)}", icon=":material/delete:"):
        chosen = st.selectbox(
            "Deleted studies", [place.name for place in places], key="study trash"
        )  # fmt: skip
        by_name = {place.name: place for place in places}
        st.button(
            "Restore", key="restore study", icon=":material/restore_from_trash:",
            disabled=rights.locked(), on_click=_restore, args=(by_name[chosen],),
            help=rights.why(),
        )  # fmt: skip


def _rename(place: Path, name: str) -> None:
    with problems.shown():
        _require_rest(place)
        page_header.choose(rename(place, name).name)


def _duplicate(place: Path, name: str) -> None:
    with problems.shown():
        _require_rest(place)
        page_header.choose(duplicate(place, name).name)


def _delete(place: Path) -> None:
    with problems.shown():
        _require_rest(place)
        throw_away(place)
        st.toast(f"{plain.text(place.name)} lies in the trash now.")


def _restore(place: Path) -> None:
    with problems.shown():
        page_header.choose(restore(place).name)


def _require_rest(place: Path) -> None:
    """Raise ``BadValue`` while a job works in the study: it would write where nothing is left."""
    job = study_jobs.running(place)
    if job is not None:
        raise BadValue(
            f"Expected {place.name} to rest, but {job.id} works or waits in it. Cancel it, or "
            "wait until it is done."
        )
