"""The answers of a measured plan beside the dense network's, sample by sample. No Streamlit."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import pandas as pd

from prunescope.store.plan_answers import PlanAnswers
from prunescope.study import Manifest

SAME, LOST, WON, OTHER = "same", "lost", "won", "other"
KINDS: Final = {
    "all": "All changes", LOST: "Were right", WON: "Are right now", OTHER: "Wrong before and after",
}  # fmt: skip
"""Kinds of changed answers, and what people call them."""


def answer_table(manifest: Manifest, answers: PlanAnswers) -> pd.DataFrame:
    """Return one row per sample of the split.

    Returns:
        ``sample``, its place; ``target``, ``dense`` and ``pruned``, names of classes (``target``
        empty without labels, ``pruned`` where outputs are not finite); ``dense_sure`` and
        ``pruned_sure`` in percent; ``kind``: ``same`` or one of ``KINDS``. Without labels every
        changed answer is ``other``.
    """
    own, one, two = (
        np.asarray(column, int) for column in (answers.target, answers.dense, answers.pruned)
    )
    labelled = len(own) == len(one)
    kind = np.where(one == two, SAME, OTHER).astype(object)
    if labelled:
        kind[(one != two) & (one == own)] = LOST
        kind[(one != two) & (two == own)] = WON
    return pd.DataFrame(
        {
            "sample": np.arange(len(one)),
            "target": named(manifest, own) if labelled else [""] * len(one),
            "dense": named(manifest, one),
            "pruned": named(manifest, two),
            "dense_sure": 100 * np.asarray(answers.dense_confidence, float),
            "pruned_sure": 100 * np.asarray(answers.pruned_confidence, float),
            "kind": kind,
        }
    )


def chosen(table: pd.DataFrame, kind: str, class_name: str | None) -> pd.DataFrame:
    """Return the changed answers of a kind, to samples of a class.

    Args:
        table: From ``answer_table``.
        kind: Of ``KINDS``.
        class_name: The samples' own class, or without labels the dense answer; None for all.
    """
    wanted = table["kind"] != SAME if kind == "all" else table["kind"] == kind
    if class_name is not None:
        wanted &= _classes(table) == class_name
    return table[wanted]


def of_class(table: pd.DataFrame, class_name: str | None) -> pd.DataFrame:
    """Return the answers to samples of a class; None for all."""
    return table if class_name is None else table[_classes(table) == class_name]


def moves(changed: pd.DataFrame, names: Sequence[str], most: int) -> pd.DataFrame:
    """Return how many answers moved from which class to which.

    Args:
        changed: From ``chosen``.
        names: All classes in their order.
        most: Classes that are shown: those that most answers left or reached.

    Returns:
        Counts, a row for the dense network's answer and a column for the pruned one's, the same
        classes in their order in both.
    """
    counts = pd.crosstab(changed["dense"], changed["pruned"])
    order = [name for name in names if name in counts.index or name in counts.columns]
    order += sorted({*counts.index, *counts.columns} - set(order))
    square = counts.reindex(index=order, columns=order, fill_value=0)
    busy = (square.sum(axis=0) + square.sum(axis=1)).sort_values(ascending=False, kind="stable")
    shown = [name for name in order if name in set(busy.index[:most])]
    return square.loc[shown, shown]


def class_names(manifest: Manifest) -> list[str]:
    """Return the names of all classes in their order, numbers where they have none."""
    counts = manifest.baseline.class_samples if manifest.baseline else ()
    return named(manifest, range(max(len(counts), len(manifest.classes))))


def named(manifest: Manifest, places: "np.ndarray | Iterable[int]") -> list[str]:
    """Return the names of classes by their numbers; empty for none."""
    classes = manifest.classes
    return [
        "" if place < 0 else classes[place] if place < len(classes) else str(place)
        for place in map(int, places)
    ]


def _classes(table: pd.DataFrame) -> "pd.Series[str]":
    """What a sample is, or is taken for by the dense network where nobody knows."""
    return table["target"].where(table["target"] != "", table["dense"])
