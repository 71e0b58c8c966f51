"""Replay: a sweep that computes what its points share once.

``FrontierEngine`` walks the captured graph over a chunk of samples. ``flow`` says what depends on
what, ``schedule`` in which order to compute and what to keep, ``variant`` what of a pruned network
has to run, ``walk`` and ``part`` run it, ``calibrate`` does the same for batch-norm statistics.
"""

from prunescope.replay.choose import ENGINES, choose_engine
from prunescope.replay.frontier import FrontierEngine
from prunescope.replay.replay_cost import ReplayCost

__all__ = ["ENGINES", "FrontierEngine", "ReplayCost", "choose_engine"]
