"""What stands above every page: which study, what it is, and a link to share."""

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from prunescope.commands import next_steps
from prunescope.dashboard.shared import (
    address,
    launch,
    loaders,
    rights,
    session,
    show_mode,
    soundness_marks,
    study_jobs,
    take_away,
    word_list,
)
from prunescope.errors import BadReference, BadValue
from prunescope.store.folder import StudyFolder
from prunescope.text import plain, units
from prunescope.text.scores import words_of

_FOLDER = "folder"
_STUDY = "study"
_PLACES = "places"
_NEXT = "next study"


def show(
    folder: Path, before: Callable[[StudyFolder], None] | None = None, bare: bool = False
) -> Path | None:
    """Show the study picker and return the chosen study's folder, or None without studies.

    Args:
        folder: Of the studies.
        before: What may still move the study's draft, called before anything is told of it.
        bare: Only choose the study, and show nothing.
    """
    st.session_state[_FOLDER] = folder
    found = {path.name: path for path in loaders.catalogue(folder)}
    st.session_state[_PLACES] = found
    if not found:
        return None
    names = _offered(found)
    _preselect(names)
    if bare:
        return found[st.session_state[_STUDY]]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="frame"):
        name = st.selectbox(
            "Study", names, key=_STUDY, label_visibility="collapsed", width=210,
            help=f"Studies in {folder}",
        )  # fmt: skip
        path = found[name]
        opened = loaders.study(path)
        with st.container(width="stretch"):  # gives way before the buttons go to another line
            st.caption(_facts(opened) if opened else _unmade(path))
        if rights.locked():
            st.badge("read-only", icon=":material/lock:", color="gray", help=rights.WHY)
        launch.sign()
        if opened is not None:
            if before is not None:
                before(opened)
            _share(opened)
            take_away.reserve()
        words = st.container(width="content")
    word_list.show(words)
    if opened is not None:
        soundness_marks.mark(opened.manifest)
    damaged = opened.damaged() if opened is not None else []
    if damaged:
        files = plain.text(", ".join(path.name for path in damaged))
        st.warning(
            f"Damaged and set aside in this study: {files}. "
            "What they held is missing here: sweep (or measure the plans) again, then delete them.",
            icon=":material/broken_image:",
        )
    earlier = loaders.superseded(opened) if opened is not None else None
    if earlier:
        st.warning(plain.text(earlier), icon=":material/history:")
    return path


def folder() -> Path:
    """Return the folder of studies."""
    found: Path = st.session_state[_FOLDER]
    return found


def place() -> Path | None:
    """Return the chosen study's folder, or None when there is none at all."""
    name = st.session_state.get(_STUDY)
    found: Path | None = st.session_state.get(_PLACES, {}).get(name)
    return found


def study() -> StudyFolder | None:
    """Return the chosen study, or None while there is none."""
    path = place()
    return loaders.study(path) if path is not None else None


def required() -> StudyFolder | None:
    """Return the chosen study; without one, say what to do next and return None."""
    found, path = study(), place()
    if found is None:
        if path is None:
            st.info(
                f"There is no study in {folder()} yet. Begin one on the Study page, or run: "
                f"`{next_steps.sample_study(folder() / 'lenet5')}`",
                icon=":material/lab_profile:",
            )
        elif study_jobs.running(path) is None:
            st.warning(
                "This study was not made: its first sweep ended before the model was captured. "
                "The Study page says why, starts it again, or takes it out of the list.",
                icon=":material/error:",
            )
        else:
            st.info("This study is being made; it opens as soon as its model is captured.")
    return found


def unmade() -> dict[str, Path]:
    """Return the studies that no sweep has made and none is making, by name."""
    places: dict[str, Path] = st.session_state.get(_PLACES, {})
    return {name: path for name, path in places.items() if _ended(path)}


def _ended(path: Path) -> bool:
    return loaders.study(path) is None and study_jobs.running(path) is None


def _offered(found: Mapping[str, Path]) -> list[str]:
    """The studies to choose from: one that was not made leaves the list once another is chosen."""
    wanted = (st.session_state.get(_STUDY), st.session_state.get(_NEXT), session.link().study)
    return [name for name in found if name in wanted or not _ended(found[name])] or list(found)


def _unmade(path: Path) -> str:
    """What a study is that no job has written yet."""
    if study_jobs.running(path) is not None:
        return "Being made: its first sweep is starting."
    return "Not made: its first sweep ended before the model was captured."


def choose(name: str) -> None:
    """Make the next run open the study ``name``."""
    st.session_state[_NEXT] = name


def _preselect(names: list[str]) -> None:
    wanted = st.session_state.pop(_NEXT, None)
    linked = session.link().study
    if wanted is None and linked is not None:
        session.forget_link("study")
        wanted = linked
        if linked not in names:
            session.forget_link("layer", "method", "plan", "view")
            session.notice(str(BadReference(
                f"Expected the link's study {linked!r} to be in this folder, but it is not. "
                f"Showing {names[0]!r} instead."
            )))  # fmt: skip
    if wanted in names:
        st.session_state[_STUDY] = wanted
    elif st.session_state.get(_STUDY) not in names:
        st.session_state[_STUDY] = names[0]
    else:  # keeps the choice when another page drops the widget
        st.session_state[_STUDY] = st.session_state[_STUDY]


def _facts(opened: StudyFolder) -> str:
    manifest = opened.manifest
    parts = [f"{plain.code(manifest.reference.model)} on {plain.code(manifest.reference.data)}"]
    words = words_of(manifest)
    if manifest.baseline:
        parts.append(
            f"dense {plain.text(words.name)} **{plain.text(words.score(manifest.baseline.score))}**"
        )
    parts.append(f"{units.count(manifest.parameters)} parameters")
    if manifest.macs:
        parts.append(f"{units.count(manifest.macs)} MACs")
    return " · ".join(parts)


def _share(opened: StudyFolder) -> None:
    with st.popover("Share", icon=":material/link:"):
        try:
            link = address.link(opened)
        except BadValue as error:
            st.warning(plain.text(error))
            return
        st.markdown(
            "A link to what you see, for whoever has opened this dashboard by its own link before. "
            "The address of this page says the same:"
        )
        st.code(link, language=None, wrap_lines=True)
        st.button(
            "Show it to a room", key="show", icon=":material/present_to_all:",
            on_click=lambda: show_mode.turn_to(1),
            help="A tour in large letters for a projector: arrow keys walk it, Escape leaves.",
        )  # fmt: skip
