"""The network, drawn from the captured graph, as the plan leaves it."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import streamlit as st

from prunescope.dashboard.charts.network_layout import laid_out
from prunescope.dashboard.charts.network_looks import colour_end, looks, sensitivities
from prunescope.dashboard.charts.network_nodes import network_nodes
from prunescope.dashboard.charts.network_svg import network_svg
from prunescope.dashboard.shared import session
from prunescope.dashboard.shared.chart_config import file_name
from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.store.folder import StudyFolder
from prunescope.text.scores import words_of

_FOLDER: Final = Path(__file__).parents[2] / "network"
_KEY: Final = "network"


def show(opened: StudyFolder, known: StudyMeasurements) -> None:
    """Show the network while its panel is open; a press on a layer chooses it for the page."""
    panel = st.expander(
        "The network", key="network panel", on_change="rerun", icon=":material/account_tree:"
    )
    with panel:
        if not panel.open:
            return
        svg = _drawn(opened, known)
        component = st.components.v2.component(
            "prunescope_network", html=_asset("html"), css=_asset("css"), js=_asset("js")
        )
        component(
            key=_KEY, data={"svg": svg, "digest": sha256(svg.encode()).hexdigest()},
            default={"picked": None}, on_picked_change=lambda: _pick(opened),
        )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption("Read like lines of text, first layer first. A press on a layer chooses it.")
            st.space("stretch")
            st.download_button(
                "SVG", svg, f"{file_name(opened, 'network')}.svg", "image/svg+xml",
                on_click="ignore", icon=":material/download:", key="network svg",
            )  # fmt: skip


def _drawn(opened: StudyFolder, known: StudyMeasurements) -> str:
    manifest, plan = opened.manifest, session.draft(opened).plan
    means, words = sensitivities(known.means), words_of(manifest)
    nodes = network_nodes(manifest)
    chosen = session.remembered("layer")
    end = words.drop_short(colour_end(manifest, means))
    return network_svg(
        nodes, laid_out(nodes, chosen), looks(manifest, plan, known.curves, means), chosen,
        f"Mean {words.loss_word} of the layer alone, 0 to {end}",
        st.context.theme.type == "dark",
    )  # fmt: skip


def _pick(opened: StudyFolder) -> None:
    said = st.session_state[_KEY].get("picked") if _KEY in st.session_state else None
    name = said.get("name") if isinstance(said, dict) else None
    if any(layer.name == name for layer in opened.manifest.layers):
        session.remember("layer", str(name))


@lru_cache
def _asset(kind: str) -> str:
    return (_FOLDER / f"network.{kind}").read_text(encoding="utf-8")
