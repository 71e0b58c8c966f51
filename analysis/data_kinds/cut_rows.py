"""Cut one set of samples into calibration, validation and test, by rule. Torch-free."""

import numpy as np

from prunescope.arrays import Indices, Values
from prunescope.data_kinds.options import COUNTS, Options
from prunescope.errors import BadValue


def cut_rows(labels: Values, options: Options) -> dict[str, Indices]:
    """Return the rows of each split, drawn by ``seed``, none in two of them.

    Where there are fewer samples than asked for, splits whose size was not typed get less; where
    that is not enough, each gets its share. With
    ``stratified=yes`` every split holds each class as often as the whole does, as nearly as whole
    samples allow.

    Args:
        labels: ``(n,)``, of the samples; they are looked at for ``stratified`` alone.
        options: With ``calibration``, ``validation``, ``test``, ``seed`` and ``stratified``.

    Raises:
        BadValue: ``stratified`` is neither yes nor no.
    """
    stratified = options.text("stratified")
    if stratified not in ("", "yes", "no"):
        raise BadValue(
            f"Expected stratified to be yes or no, but got {stratified!r}. Write stratified=yes."
        )
    order = np.random.default_rng(options.count("seed")).permutation(len(labels))
    if stratified == "yes":
        order = _spread(labels, order)
    return dict(zip(COUNTS, np.split(order, _ends(len(labels), options))[:3], strict=True))


def _ends(count: int, options: Options) -> Indices:
    """Where the splits end among ``count`` samples."""
    asked = {part: options.count(part) for part in COUNTS}
    typed = {part: size for part, size in asked.items() if part in options.typed}
    rest, left = count - sum(typed.values()), sum(asked.values()) - sum(typed.values())
    if typed and sum(asked.values()) > count and rest >= len(asked) - len(typed):
        asked = {
            part: typed[part] if part in typed else max(size * rest // left, 1)
            for part, size in asked.items()
        }
    cuts = np.cumsum(list(asked.values()))
    ends: Indices = np.minimum(cuts, cuts * count // max(int(cuts[-1]), 1))
    return ends


def _spread(labels: Values, order: Indices) -> Indices:
    """The same rows, so arranged that any stretch of them holds every class by its share."""
    drawn = labels[order]
    _, classes, counts = np.unique(drawn, return_inverse=True, return_counts=True)
    within = np.empty(len(order), dtype=float)
    for place in range(len(counts)):
        rows = np.flatnonzero(classes == place)
        within[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return order[np.argsort(within, kind="stable")]
