"""A job for tests: says where a sweep could stand, and waits to be cancelled."""

import sys
import time
from pathlib import Path

from prunescope.jobs import running

if __name__ == "__main__":
    with running(Path(sys.argv[-1])) as progress:
        progress.start(9 * 797, "measuring 9 points")
        progress.stand(
            points=3, points_wanted=9, samples=64, population=797, macs=1.2e9, macs_expected=4.8e9
        )
        time.sleep(0.15)
        progress.advance(1793, "fc1 magnitude 0.5")
        end = time.monotonic() + 60
        while not progress.cancelled() and time.monotonic() < end:
            time.sleep(0.02)
