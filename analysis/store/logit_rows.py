"""One run of logits as a row in half precision; of many classes, the largest and the rest's sum."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from scipy.special import log_softmax, logsumexp

from prunescope.study.point import KEY

Key = tuple[str | int | float, ...]

MOST_SAMPLES: Final = 4096
"""Samples kept per point: the first ones of the study's order."""
MOST_CLASSES: Final = 64
"""Up to this many classes every entry is kept."""
TOP: Final = 32
"""Of more classes, this many largest entries, the target's, and the rest's mass are kept."""
_MOST_COUNTED: Final = 1 << 24
_MOST_VALUES: Final = 1 << 28
"""4,096 samples of 65,536 classes: what one row is written out to takes a gigabyte."""
_LOWEST: Final = -60000.0
"""Below it a log-probability is out of half precision's range."""


def point_bytes(population: int, classes: int) -> int:
    """Return the bytes that one point's logits take at most, before compression.

    >>> point_bytes(6000, 10) == 4096 * 10 * 2
    True
    """
    entry = 2 * classes if classes <= MOST_CLASSES else (TOP + 1) * (2 + _width(classes)) + 2
    return min(population, MOST_SAMPLES) * entry


def pack(key: Key, start: int, values: np.ndarray, targets: np.ndarray | None) -> dict[str, Any]:
    """Return a run of samples as one row of the store; see ``LogitStore.extend``."""
    rows, classes = values.shape
    plain = dict(zip(KEY, key, strict=True)) | {"start": start, "rows": rows, "classes": classes}
    log_probabilities = np.maximum(log_softmax(values.astype(np.float64), axis=1), _LOWEST)
    if classes <= MOST_CLASSES:
        return plain | {
            "values": _to_half_precision(log_probabilities).tobytes(),
            "places": b"",
            "rest": b"",
        }
    order = np.argsort(-log_probabilities, axis=1, kind="stable")
    classes_kept = order[:, : TOP + 1]
    if targets is not None:
        own_targets = targets[start : start + rows, None]
        absent = ~(classes_kept == own_targets).any(axis=1)
        classes_kept[absent, TOP] = own_targets[absent, 0]
    values_kept = np.take_along_axis(log_probabilities, classes_kept, axis=1)
    others = log_probabilities.copy()
    np.put_along_axis(others, classes_kept, -np.inf, axis=1)
    rest = np.maximum(logsumexp(others, axis=1), _LOWEST)
    return plain | {
        "values": _to_half_precision(values_kept).tobytes(),
        "places": classes_kept.astype(f"<u{_width(classes)}").tobytes(),
        "rest": rest.astype("<f2").tobytes(),
    }


def _to_half_precision(log_probabilities: np.ndarray) -> np.ndarray:
    """Half precision in which the largest entry stays the only largest one."""
    half = log_probabilities.astype("<f2")
    lines = np.arange(len(half))
    top = log_probabilities.argmax(axis=1)
    best = half[lines, top]
    tied = (half == best[:, None]).sum(axis=1) > 1
    half[lines[tied], top[tied]] = np.nextafter(best[tied], np.float16(np.inf))
    return half


def unpack(row: dict[str, Any]) -> np.ndarray:
    """Return the ``(rows, classes)`` float32 log-probabilities of one stored row."""
    rows, classes = row["rows"], row["classes"]
    values = np.frombuffer(row["values"], "<f2").astype(np.float32).reshape(rows, -1)
    if not row["places"]:
        return values
    classes_kept = np.frombuffer(row["places"], f"<u{_width(classes)}").astype(np.int64)
    classes_kept = classes_kept.reshape(rows, -1)
    rest = np.frombuffer(row["rest"], "<f2").astype(np.float32)
    spread = rest - np.float32(np.log(classes - classes_kept.shape[1]))
    # No spread entry may pass a kept one: the largest class must stay the largest.
    full = np.repeat(np.minimum(spread, values[:, :TOP].min(axis=1))[:, None], classes, axis=1)
    np.put_along_axis(full, classes_kept, values, axis=1)
    return full


def join_runs(runs: Sequence[tuple[int, np.ndarray]]) -> np.ndarray | None:
    """Return runs of ``(start, values)`` as one array from the first sample to the first gap."""
    parts: list[np.ndarray] = []
    end = 0
    for start, values in sorted(runs, key=lambda run: (run[0], -len(run[1]))):
        if start > end:
            break
        new = values[end - start :]
        parts.append(new)
        end += len(new)
    return np.concatenate(parts) if end else None


def _width(classes: int) -> int:
    return 2 if classes <= 1 << 16 else 4


def require_whole(row: dict[str, Any]) -> None:
    """Raise ``ValueError`` unless a stored row holds what its counts say: nobody else checks it."""
    start, rows, classes = row["start"], row["rows"], row["classes"]
    if not (0 <= start < MOST_SAMPLES and 1 <= rows <= MOST_SAMPLES - start):
        raise ValueError(f"it claims the samples {start} to {start + rows}")
    if not 1 <= classes <= _MOST_COUNTED or rows * classes > _MOST_VALUES:
        raise ValueError(f"it claims {rows} samples of {classes} classes")
    whole = classes <= MOST_CLASSES
    stored = classes if whole else TOP + 1
    places = 0 if whole else rows * stored * _width(classes)
    wanted = (2 * rows * stored, places, 0 if whole else 2 * rows)
    if (len(row["values"]), len(row["places"]), len(row["rest"])) != wanted:
        raise ValueError(f"its bytes are not those of {rows} samples of {classes} classes")
    if places and int(np.frombuffer(row["places"], f"<u{_width(classes)}").max()) >= classes:
        raise ValueError(f"it names a class past the {classes} that there are")
