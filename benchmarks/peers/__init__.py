"""Other tools and this one, side by side: the same networks, data and multiply-accumulates.

    python -m benchmarks.peers --cache FOLDER                  # 100 minutes of it, then the table
    python -m benchmarks.peers resnet20 --budgets 0.5,0.25 --minutes inf
    python -m benchmarks.peers --cache FOLDER --minutes 0      # print what is there

What a tool leaves of a network is brought to the budget by halving its ratio; it is judged on the
test split as it comes, with batch norm re-estimated on 1,024 inputs without labels, and, where its
choice can be said in units of this project's groups, with this project's least squares around that
same choice. Rows are kept in the cache, one file each, so that a stopped run goes on. A tool that
is not installed is a line that says how to install it (``pip install 'prunescope[peers]'``).
"""

from benchmarks.peers.run import main

__all__ = ["main"]
