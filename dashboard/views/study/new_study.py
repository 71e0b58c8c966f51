"""The form that begins a new study."""

import re

import streamlit as st

from prunescope.commands import Sweep
from prunescope.dashboard.shared import page_header, rights
from prunescope.dashboard.shared.launch import start
from prunescope.dashboard.views.study import offered_models
from prunescope.errors import BadValue
from prunescope.store import trust
from prunescope.store.folder import MANIFEST
from prunescope.study import parse_methods, parse_sparsities
from prunescope.text import plain


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
            data = st.selectbox("Data", offered.data, key="begin data")
            metric = st.selectbox("Metric", offered.metrics, key="begin metric")
            outputs = st.text_input(
                "Outputs that have to stay", "", key="begin outputs", placeholder="all",
                help="Of a network with several: names or positions, comma-separated, such as "
                "logits. Layers that make only the others can then leave.",
            )  # fmt: skip
        with right:
            name = st.text_input("Name of the study", "", key="begin name", placeholder="lenet5")
            methods = st.text_input(
                "Methods", "magnitude", key="begin methods",
                help="Comma-separated. The study then lists all there are.",
            )  # fmt: skip
            sparsities = st.text_input("Sparsities", "0.1:0.9:0.1", key="begin sparsities")
            keep = st.checkbox(
                "Keep a copy of the data in the study", key="begin keep",
                help="Up to 512 MB: jobs then need them nowhere else, and whoever gets the study "
                "has them too. The network is always kept.",
            )  # fmt: skip
            go = st.form_submit_button(
                "Begin and measure", type="primary", icon=":material/play_arrow:",
                disabled=rights.locked(), help=rights.why(),
            )  # fmt: skip
    st.caption(_origin(offered))
    if go:
        _start(offered, model, weights, data, metric, name, methods, sparsities, keep, outputs)


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


def _start(
    offered: offered_models.Offer,
    model: str | None,
    weights: str | None,
    data: str,
    metric: str,
    name: str,
    methods: str,
    sparsities: str,
    keep: bool,
    outputs: str,
) -> None:
    model = (model or "").strip()
    chosen = offered.model(model)  # all of them are on the list, or nothing begins
    parse_methods(methods)
    parse_sparsities(sparsities.replace(" ", ""))
    label = name.strip() or re.sub(r"[^\w.-]+", "-", model.rpartition(":")[2]).strip("-.")
    if not re.fullmatch(r"\w[\w .-]{0,79}", label):
        raise BadValue(
            f"Expected a name of letters, digits, spaces and .-, but got {label!r}. Choose another."
        )
    folder = page_header.folder() / label
    if folder.exists():
        raise BadValue(
            f"Expected a new name, but {label!r} exists in {page_header.folder()}. Choose another "
            "name."
        )
    request = Sweep(
        chosen,
        data=offered.datum(data),
        metric=offered.metric(metric),
        methods=tuple(methods.replace(" ", "").split(",")),
        sparsities=sparsities.replace(" ", ""),
        weights=offered.weight(weights) if weights else None,
        keep_data="512MB" if keep else None,
        outputs=tuple(name.strip() for name in outputs.split(",") if name.strip()),
    )
    start(folder, request)
    page_header.choose(label)
    st.rerun()
