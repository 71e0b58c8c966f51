"""The frame of the dashboard, which ``server.py`` serves."""

import sys
import time
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.gate import Gate
from prunescope.dashboard.shared import (
    address,
    contrast,
    job_strip,
    page_header,
    problems,
    session,
    show_mode,
    take_away,
    turns,
    view,
    warm_up,
)
from prunescope.dashboard.shared import pages as links
from prunescope.dashboard.views.curves import page as curves
from prunescope.dashboard.views.export import page as export
from prunescope.dashboard.views.guide import bar as guide
from prunescope.dashboard.views.plan import measure_candidates
from prunescope.dashboard.views.plan import page as plan
from prunescope.dashboard.views.plans import page as plans
from prunescope.dashboard.views.recover import page as recover
from prunescope.dashboard.views.show import page as show
from prunescope.dashboard.views.study import page as study
from prunescope.text import plain

_ICON: Final = Path(__file__).with_name("icon.png")
_LIVE: Final = ("study", "curves")


def main(folder: Path, first: str = "study") -> None:
    """Show the dashboard over the studies in ``folder``, beginning with the page ``first``."""
    warm_up.freeze()
    st.set_page_config("Prunescope", page_icon=str(_ICON), layout="wide")
    pages = [
        st.Page(module.page, title=title, url_path=path, icon=icon)
        for module, title, path, icon in (
            (study, "Study", "study", ":material/lab_profile:"),
            (curves, "Curves", "curves", ":material/show_chart:"),
            (plan, "Plan", "plan", ":material/tune:"),
            (plans, "Plans", "plans", ":material/compare_arrows:"),
            (recover, "Recover", "recover", ":material/healing:"),
            (export, "Export", "export", ":material/download:"),
        )
    ]
    # A default page answers at / alone: as one of its own, every page keeps its path.
    start = next(page for page in pages if page.url_path == first)
    home = st.Page(
        lambda: st.switch_page(start, query_params=st.query_params.to_dict()),
        title="Prunescope", url_path="home", default=True, visibility="hidden",
    )  # fmt: skip
    session.read_link()
    showing = show_mode.stop() is not None
    chosen = st.navigation([home, *pages], position="hidden" if showing else "top")
    links.remember(pages)
    view.begin(chosen.url_path)
    if chosen == home:
        chosen.run()
    with turns.turn, problems.shown():
        if showing:
            page_header.show(folder, bare=True)
            show.page()
            address.show(page_header.study())
            return
        place = page_header.show(
            folder, measure_candidates.arrive if chosen.url_path == "plan" else None
        )
        if place is not None:
            job_strip.strip(place, live=chosen.url_path in _LIVE)
        warm_up.ready(place)
        said = session.notice()
        with st.container(key="notice"):  # what follows keeps its number, and so is not made anew
            if said:
                st.warning(plain.text(said))
        chosen.run()
        guide.show(chosen.url_path)
        take_away.fill()
        contrast.mend()
        address.show(page_header.study())
    warm_up.tidying.after(time.monotonic())


def _folder() -> Path:
    return Path(sys.argv[1] if len(sys.argv) > 1 else "studies").resolve()


if __name__ == "__main__":
    if Gate.guarding:
        main(_folder())
    else:
        st.error("Expected to be served behind the gate. Run: prunescope dashboard FOLDER")
