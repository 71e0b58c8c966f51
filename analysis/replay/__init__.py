"""Replay: evaluate many pruned networks and compute what they share with the dense one only once.

``FrontierEngine`` walks the captured graph over a chunk of samples. ``dependencies`` knows which
node depends on which; ``schedule`` orders the computation and what is kept; ``variant`` is the part
of a pruned network that has to run; ``replay_walk`` and ``chunk_outcomes`` run it;
``batch_norm_replay`` does the same for batch-norm statistics.
"""

from prunescope.replay.choose_engine import ENGINES, choose_engine
from prunescope.replay.frontier import FrontierEngine
from prunescope.replay.replay_cost import ReplayCost

__all__ = ["ENGINES", "FrontierEngine", "ReplayCost", "choose_engine"]
