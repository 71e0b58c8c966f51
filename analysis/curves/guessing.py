"""The score of guessing: what is left when a network knows nothing of its inputs. Torch-free."""

from prunescope.study import Manifest
from prunescope.study.soundness import CHANCE

_TOP = "top-"


def guessed_score(manifest: Manifest) -> float | None:
    """Return the score of always giving the most frequent classes, 0 to 1.

    For ``top-k`` and ``agreement``, from the validation split's labels per class; for agreement the
    labels are the dense network's own answers. None for other metrics and where classes are not
    counted (tokens, pixels).
    """
    baseline, metric = manifest.baseline, manifest.reference.metric
    if baseline is None or not baseline.class_samples or not sum(baseline.class_samples):
        return None
    if metric == "agreement":
        guesses = 1
    elif metric.startswith(_TOP) and metric.removeprefix(_TOP).isdigit():
        guesses = int(metric.removeprefix(_TOP))
    else:
        return None
    most = sorted(baseline.class_samples, reverse=True)[:guesses]
    return sum(most) / sum(baseline.class_samples)


def whole_drop(manifest: Manifest) -> float | None:
    """Return the drop from the dense score to guessing; None where that is unknown or no drop.

    It is all that a layer can lose: beyond it a network is as bad as one that looks at nothing.
    """
    guess = guessed_score(manifest)
    if guess is None or manifest.baseline is None or manifest.baseline.score <= guess:
        return None
    return manifest.baseline.score - guess


def at_chance(manifest: Manifest) -> bool:
    """Return whether the check before the study saw a dense score no better than guessing."""
    return any(check.name == CHANCE and check.state != "passed" for check in manifest.soundness)
