"""The form that begins a new study: looked at first, or at once."""

from dataclasses import replace

import streamlit as st

from prunescope.dashboard.shared import page_header, rights
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.views.study import checked_studies, offered_models
from prunescope.dashboard.views.study.asked_study import AskedStudy
from prunescope.store import trust
from prunescope.store.folder import MANIFEST
from prunescope.store.study_names import check_place, place_of
from prunescope.store.uploads import MOST, MOST_MEGABYTES
from prunescope.text import plain
from prunescope.text.units import bytes_


def form(expanded: bool) -> None:
    """Ask for model, data and metric, and start the first sweep."""
    if expanded and page_header.place() is None:
        st.header("Begin a study", anchor=False)
        st.markdown(
            "A study measures, layer by layer and method by method, how much of a trained model "
            f"can be removed before it breaks. It is kept as a folder in `{page_header.folder()}`."
        )
    if (page_header.folder() / MANIFEST).is_file():
        st.caption(
            f"This dashboard shows one study. To begin another, open it on a folder of studies: "
            f"`prunescope dashboard {page_header.folder().parent}`"
        )
        return
    checked_studies.show()
    offered = offered_models.offer(trust.offered_folder())
    with st.form("begin", border=False):
        left, right = st.columns(2, gap="large")
        with left:
            model = st.selectbox(
                "Model", offered.models, key="begin model", accept_new_options=True,
                help=f"Or type a name ({offered_models.typed_forms()}), such as "
                "torchvision:resnet50: its own weights are downloaded once.",
            )  # fmt: skip
            weights = st.selectbox(
                "Weights", offered.weights, index=None, key="begin weights",
                placeholder="the model's own", disabled=not offered.weights,
            )  # fmt: skip
            brought = st.file_uploader(
                "Or bring weights of this architecture", type="safetensors", key="begin upload",
                max_upload_size=MOST_MEGABYTES, disabled=rights.locked(),
                help=rights.why(
                    f"A file of safetensors, {bytes_(MOST)} at most: numbers under the "
                    "model's own names. Files that can hold code are refused."
                ),
            )  # fmt: skip
            data = st.selectbox("Data", offered.data, key="begin data")
            metric = st.selectbox("Metric", offered.metrics, key="begin metric")
        with right:
            name = st.text_input("Name of the study", "", key="begin name", placeholder="lenet5")
            methods = st.text_input(
                "Methods", "magnitude", key="begin methods",
                help="Comma-separated. The study then lists all there are.",
            )  # fmt: skip
            sparsities = st.text_input("Sparsities", "0.1:0.9:0.1", key="begin sparsities")
            outputs = st.text_input(
                "Outputs that have to stay", "", key="begin outputs", placeholder="all",
                help="Of a network with several: names or positions, comma-separated, such as "
                "logits. Layers that make only the others can then leave.",
            )  # fmt: skip
            keep = st.checkbox(
                "Keep a copy of the data in the study", key="begin keep",
                help="Up to 512 MB: jobs then need them nowhere else, and whoever gets the study "
                "has them too. The network is always kept.",
            )  # fmt: skip
            with st.container(horizontal=True):
                look = st.form_submit_button(
                    "Check", type="primary", icon=":material/fact_check:",
                    disabled=rights.locked(),
                    help=rights.why(
                        "Looks at model and data, evaluates the dense network and times a few "
                        "points, so that you know what you get before anything is made."
                    ),
                )  # fmt: skip
                go = st.form_submit_button(
                    "Begin and measure", icon=":material/play_arrow:",
                    disabled=rights.locked(), help=rights.why("Without looking first."),
                )  # fmt: skip
    st.caption(_origin(offered))
    if look or go:
        upload = None if brought is None else (brought.name, brought.getvalue())
        asked = AskedStudy(
            model, weights, upload, data, metric, name, methods, sparsities, keep, outputs
        )
        _check(offered, asked) if look else _begin(offered, asked)


def _origin(offered: offered_models.Offer) -> str:
    """Where the lists come from, and how to get more onto them."""
    if offered.folder is None:
        return (
            "Models and data of one's own: on the command line, or offered here by the owner with "
            "`prunescope dashboard --models FOLDER`."
        )
    return (
        f"Files and their functions come from {plain.code(offered.folder)}, which the owner offers."
    )


def _check(offered: offered_models.Offer, asked: AskedStudy) -> None:
    """Look at what is asked for, beside the studies."""
    studies = page_header.folder()
    place = check_place(studies, asked.label)
    request = asked.request(offered, studies)
    start(place, replace(request, budget=checked_studies.BUDGET))
    st.rerun()


def _begin(offered: offered_models.Offer, asked: AskedStudy) -> None:
    """Make what is asked for at once."""
    studies = page_header.folder()
    place = place_of(studies, asked.label)
    start(place, asked.request(offered, studies))
    page_header.choose(place.name)
    st.rerun()
