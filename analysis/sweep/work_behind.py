"""How much work lies behind a layer or group: it is what a point of that subject takes. Torch-free.

By the layers' order in the manifest. A group begins at the first of the layers that change with it.
"""

import math
from collections.abc import Callable
from itertools import accumulate
from typing import Final

from prunescope.study import LayerSummary, Manifest
from prunescope.study.recoveries import CALIBRATED

_ROWS: Final = 8192
"""Positions that a layer's refit looks at, about; what it really takes is learned from points."""


def suffix_macs(manifest: Manifest) -> Callable[[str], int]:
    """Return the function from a layer or group to one sample's multiply-accumulates behind it.

    The subject's own included; the whole network's for subjects without any layer.
    """
    behind = [*accumulate((layer.macs for layer in reversed(manifest.layers)), initial=0)][::-1]
    begin = _beginnings(manifest)
    return lambda subject: behind[begin[subject]] if subject in begin else manifest.macs


def refit_work(manifest: Manifest) -> Callable[[str], int]:
    """Return the function from a layer or group to the products of the refits behind it.

    Recovery ``ls`` refits in order every layer that reads what has changed. One refit sums up
    second moments of the inputs and solves for them: ``(positions + inputs) * inputs²``. The
    layer where the subject begins is not counted, as its inputs' moments are the dense ones that
    all points share. Grouped convolutions count as one group.
    """
    calibration = min(manifest.splits.get("calibration", 0), CALIBRATED)
    own = [_refit(layer, calibration) for layer in reversed(manifest.layers)]
    behind = [*accumulate(own, initial=0)][::-1]
    begin = _beginnings(manifest)
    return lambda subject: behind[begin[subject] + 1] if subject in begin else behind[0]


def weights_behind(manifest: Manifest) -> Callable[[str], int]:
    """Return the function from a layer or group to the weights behind it, its own included."""
    own = [layer.parameters for layer in reversed(manifest.layers)]
    behind = [*accumulate(own, initial=0)][::-1]
    begin = _beginnings(manifest)
    return lambda subject: behind[begin[subject]] if subject in begin else behind[0]


def own_weights(manifest: Manifest) -> Callable[[str], int]:
    """Return the function from a layer or group to the weights that it begins with.

    They are scored, masked, and deflated to see how small they get.
    """
    begin = _beginnings(manifest)
    return lambda name: manifest.layers[begin[name]].parameters if name in begin else 0


def _refit(layer: LayerSummary, calibration: int) -> int:
    inputs = math.prod(layer.shape[1:])
    positions = min(calibration * layer.macs // max(layer.parameters, 1), _ROWS)
    return (positions + inputs) * inputs**2


def _beginnings(manifest: Manifest) -> dict[str, int]:
    """The place of the first layer that changes with each subject."""
    places: dict[str, int] = {}
    for place, layer in enumerate(manifest.layers):
        places.setdefault(layer.name, place)
    begin = dict(places)
    for group in manifest.groups:
        if members := [places[name] for name in (group.name, *group.layers) if name in places]:
            begin[group.name] = min(members)
    return begin
