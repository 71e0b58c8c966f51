"""The words of Prunescope and what they mean: the one source of the pages and ``docs/words.md``.

Torch-free.
"""

from typing import Final

GLOSSARY: Final[dict[str, str]] = {
    "sparsity": (
        "The fraction removed, from 0 to 1. Percent appears only at the edge of the pages."
    ),
    "criterion, score": "The named rule, and the importances that it gives. Higher means keep.",
    "granularity": (
        "What is removed: single weights (`weight`), weights in a pattern (`2:4`), channels "
        "(`channel`) or attention heads (`head`)."
    ),
    "method": "A criterion at a granularity, such as `magnitude` or `l1@channel`.",
    "mask": "A tensor of booleans, true means keep, with an exact count.",
    "layer": "A module's dotted name.",
    "group, unit": (
        "A group is everything that must be pruned together: layers and dimensions. A unit is "
        "one channel, neuron or head of it."
    ),
    "subject": "A layer or a group: what one curve is about.",
    "baseline, drop": (
        "The dense score; the baseline minus the pruned score. A positive drop is worse."
    ),
    "point, curve": (
        "One subject at one sparsity by one method; the drops of a subject's points, with the "
        "rest dense."
    ),
    "measurement": "A stored row: what an evaluation gave at a point, with its sample count.",
    "sweep": "The run that makes measurements.",
    "recovery": (
        "What follows the removal: `none`, `bn` (batch norm estimated again), `ls` (least "
        "squares), `refit` (least squares through activations and sums) or `distil` (300 steps "
        "of training towards the dense model's outputs)."
    ),
    "goal, plan, recipe": (
        "What is asked; the method and sparsity of each subject; the exported file that makes "
        "the same network again."
    ),
    "verification": "A plan that was really applied and measured.",
    "predictor": (
        "What predicts a plan from the points. The *active predictor* is the one that predicts "
        "verified plans best."
    ),
    "latency table, staircase": (
        "Smaller models that were timed; the time over one group's kept units."
    ),
    "fingerprint": (
        "A hash of weights, graph, data and metric. Nothing measured under one fingerprint is "
        "shown under another."
    ),
    "accepted drop": (
        "The largest drop that somebody accepts; what is called safe or within keeps to it."
    ),
    "agreement": (
        "The share of samples to which the pruned network gives the dense network's answer."
    ),
    "calibration, validation, test": (
        "Three sets of samples. Calibration scores and recovers, validation draws the curves "
        "and chooses, test is for the final report."
    ),
    "class, recall": (
        "What a sample is; the share of a class's samples that the network recognises. The "
        "worst class is the one it recognises least."
    ),
    "cost": (
        "What a budget is about: parameters, bytes, MACs or latency, as a share of the dense "
        "network's."
    ),
    "dense": "The network as it was, nothing removed.",
    "draft": "The plan that is being made in this window; it is kept in the page's address.",
    "exact, predicted, measured": (
        "Exact follows from shapes; predicted comes from curves and the stored outputs; "
        "measured was really run."
    ),
    "front": "Plans of which none is better at both cost and score.",
    "interval": (
        "Where the mean over samples like these lies with 95 %; of a prediction, what nine "
        "plans of ten stay within. ± is half of it."
    ),
    "KL": (
        "How far the pruned network's probabilities are from the dense network's, in nats; 0 "
        "means the same answers."
    ),
    "latency": "The time of one forward pass on a machine, in a runtime, at a batch size.",
    "lock": "What is locked stays as it is, whatever a solver or a bulk edit does.",
    "MACs": (
        "Multiply-accumulates of one forward pass of one sample. Zeroed weights save none in "
        "dense runtimes; removed units do."
    ),
    "mean drop": (
        "The area under a layer's drop curve, over the sparsities that all layers share: how "
        "sensitive it is."
    ),
    "nats": "The unit of cross-entropy and KL: natural logarithms.",
    "point of a score": "One hundredth, written pt: from 92 % to 90 % are two points.",
    "safe to": (
        "The largest measured sparsity up to which the upper end of every point's interval is "
        "within the accepted drop."
    ),
}
"""Word → meaning, one or two sentences, in the order of the documentation."""
