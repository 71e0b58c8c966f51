"""What the chart of a layer's or group's curves shows, shortly; and how its marks are read."""

import pandas as pd
import streamlit as st

from prunescope.dashboard.shared.loaders import StudyMeasurements
from prunescope.dashboard.views.curves import screened_subject
from prunescope.study import Manifest
from prunescope.study.removed_counts import smallest_sparsity
from prunescope.text import units
from prunescope.text.numbers import exact
from prunescope.text.scores import words_of


def show(
    known: StudyMeasurements,
    rows: pd.DataFrame,
    unsure: pd.DataFrame,
    subject: str,
    granularity: str,
    manifest: Manifest,
) -> None:
    """Say under the chart what was pruned, on how many samples, and what beats chance.

    Args:
        known: The study's measurements.
        rows: Points of the subject.
        unsure: Its screened curves that are drawn.
        subject: The layer or group.
        granularity: What leaves.
        manifest: Of the study.
    """
    noun = "layer" if granularity == "weight" else "group"
    samples = int(rows["samples"].min())
    with st.container(horizontal=True, vertical_alignment="top"):
        st.caption(" ".join(
            [f"Only this {noun} is pruned. Bands: the 95 % interval of each point's mean "
             f"{words_of(manifest).loss_word}, over samples like these, from {exact(samples)} "
             "samples a point.",
             *_partial(rows, samples), *screened_subject.verdicts(known, subject, granularity)]
        ), width="stretch")  # fmt: skip
        with st.popover("How to read it", icon=":material/help:", type="tertiary"):
            st.markdown("\n".join(f"- {text}" for text in _marks(rows, unsure)))
            if granularity != "weight":
                st.markdown(f"- {_steps(manifest.group(subject).units, granularity)}")


def _partial(rows: pd.DataFrame, samples: int) -> list[str]:
    if not rows["partial"].any():
        return []
    return [
        f"Dotted marks have seen {exact(samples)} or more of "
        f"{exact(rows['population'].max())} samples "
        "so far; their bands sharpen while the sweep goes on."
    ]


def _marks(rows: pd.DataFrame, unsure: pd.DataFrame) -> list[str]:
    """What is behind each kind of mark in sight."""
    text = [
        "Each sample is paired with the dense model's answer to it; the rest of the network is "
        "dense.",
        "Hollow marks lie within noise of the dense model.",
    ]
    if rows["partial"].any():
        text.append(
            "Bands of dotted marks are as wide as the samples still to come can change them."
        )
    if ((rows["drop"] < 0) & rows["noise"]).any():
        text.append("A drop below zero within its interval is luck of the samples, no gain.")
    seeds = int(rows["seeds"].max())
    if seeds > 1:
        text.append(f"Of random, the mean of {seeds} seeds in a band from the best to the worst.")
    if not unsure.empty:
        text.append(
            "Dashed, right axis: screened without labels, the squared change of the outputs that "
            "change first, relative to them; no accuracy."
        )
    return text


def _steps(total: int, granularity: str) -> str:
    least = units.percent(smallest_sparsity(total) or 0, 2)
    return (
        f"One of {total} {granularity}s is {least}: smaller sparsities remove nothing, and a step "
        "is as wide as the sparsities that come to its count; straight lines span counts that were "
        "not measured."
    )
