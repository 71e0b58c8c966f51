"""What the tests of a sweep ask for, and what a network is before and after."""

from dataclasses import asdict

import torch

from prunescope.study import Grid, Method
from prunescope.sweep.naive_sweep import measure

METHODS = tuple(map(Method, ("magnitude", "taylor", "fisher", "wanda", "random")))


def grid(sparsities=(0.3, 0.6), methods=METHODS[:1], **more):
    return Grid(methods, sparsities, **({"seeds": (0,)} | more))


def measured(bench, wanted):
    return {point: asdict(row) for point, row in measure(bench, wanted)}


def state(bench):
    return {name: t.clone() for name, t in bench.network.module.state_dict().items()}


def same_state(bench, before):
    return all(torch.equal(t, before[n]) for n, t in bench.network.module.state_dict().items())
