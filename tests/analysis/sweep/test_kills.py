"""kill -9 at random moments: the benchmark's hundred, here a few."""

from pathlib import Path

import pytest

from benchmarks.kills import survive
from prunescope.bench.workbench import Workbench
from prunescope.replay import ENGINES
from prunescope.study import Grid, Method, parse_sparsities

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("engine", ENGINES)
def test_killed_at_random_moments_a_sweep_loses_and_repeats_nothing(
    engine: str, mlp: Workbench, tmp_path: Path
) -> None:
    grid = Grid(
        (Method("magnitude"), Method("random")), parse_sparsities("0.05:0.95:0.05"), seeds=(0,)
    )
    found = survive(mlp, grid, tmp_path, kills=5, seed=1, longest=0.5, engine=engine)
    assert 0 < found.kills <= 5
    # Points times chunks of 300 samples; a kill may come between a row's writing and its logging.
    assert 300 < found.pieces <= 3 * 2 * 19 * 3
    assert (found.repeated, found.lost, found.same) == (0, 0, True)
