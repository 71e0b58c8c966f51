"""The form that begins a new study."""

import re

import streamlit as st

from prunescope.commands import Sweep
from prunescope.dashboard.shared import frame
from prunescope.errors import BadValue
from prunescope.jobs import start
from prunescope.store.folder import MANIFEST
from prunescope.study import parse_methods, parse_sparsities

_GRAMMAR = """
| | References |
| --- | --- |
| **Model** | `sample:mlp`, `sample:lenet5`, `sample:resnet20`, `sample:mobilenet`, `sample:vit` |
| | `torchvision:resnet50` (its pretrained weights are downloaded once) |
| | `path/to/file.py:function` or `package.module:function`, which returns an `nn.Module` |
| | `file.pt2`, an exported program |
| **Weights** | optional: a `.safetensors` file or a state dict; pickled models are refused |
| **Data** | `sample:fashion-mnist`, `imagefolder:DIR`, `file.npz`, `path/to/file.py:function` |
| **Metric** | `top-1`, `top-5`, `agreement` (no labels needed), `path/to/file.py:function` |
"""


def form(expanded: bool) -> None:
    """Ask for model, data and metric, and start the first sweep."""
    if expanded and frame.place() is None:
        st.header("Begin a study", anchor=False)
        st.markdown(
            "A study measures, layer by layer and method by method, how much of a trained model "
            f"can be removed before it breaks. It is kept as a folder in `{frame.folder()}`."
        )
    if (frame.folder() / MANIFEST).is_file():
        st.caption(
            f"This dashboard shows one study. To begin another, open it on a folder of studies: "
            f"`prunescope dashboard {frame.folder().parent}`"
        )
        return
    with st.form("begin", border=False):
        left, right = st.columns(2, gap="large")
        with left:
            model = st.text_input("Model", "sample:lenet5", key="begin model")
            weights = st.text_input(
                "Weights", "", key="begin weights", placeholder="the model's own"
            )
            data = st.text_input("Data", "sample:fashion-mnist", key="begin data")
            metric = st.text_input("Metric", "top-1", key="begin metric")
        with right:
            name = st.text_input("Name of the study", "", key="begin name", placeholder="lenet5")
            methods = st.text_input(
                "Methods", "magnitude", key="begin methods",
                help="Comma-separated. The study then lists all there are.",
            )  # fmt: skip
            sparsities = st.text_input("Sparsities", "0.1:0.9:0.1", key="begin sparsities")
            st.space("small")
            go = st.form_submit_button(
                "Begin and measure", type="primary", icon=":material/play_arrow:"
            )
    with st.expander("What can be written here"):
        st.markdown(_GRAMMAR)
    if go:
        _start(model, weights, data, metric, name, methods, sparsities)


def _start(
    model: str, weights: str, data: str, metric: str, name: str, methods: str, sparsities: str
) -> None:
    if not model.strip() or not data.strip():
        raise BadValue(
            "Expected a model and data, but one is empty. Write for example sample:lenet5 and "
            "sample:fashion-mnist."
        )
    parse_methods(methods)
    parse_sparsities(sparsities.replace(" ", ""))
    label = name.strip() or re.sub(r"[^\w.-]+", "-", model.rpartition(":")[2]).strip("-.")
    if not re.fullmatch(r"\w[\w .-]{0,79}", label):
        raise BadValue(
            f"Expected a name of letters, digits, spaces and .-, but got {label!r}. Choose another."
        )
    folder = frame.folder() / label
    if folder.exists():
        raise BadValue(
            f"Expected a new name, but {label!r} exists in {frame.folder()}. Choose another name."
        )
    request = Sweep(
        model.strip(),
        data=data.strip(),
        metric=metric.strip() or None,
        methods=tuple(methods.replace(" ", "").split(",")),
        sparsities=sparsities.replace(" ", ""),
        weights=weights.strip() or None,
    )
    start(folder, request)
    frame.choose(label)
    st.rerun()
