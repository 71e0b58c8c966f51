"""A job for tests: reports steps and ends, crashes, or waits, as its arguments say."""

import sys
import time
from pathlib import Path

from prunescope.errors import BadValue
from prunescope.jobs import running


def main() -> None:
    *what, flag, folder = sys.argv[1:]
    assert flag == "--job"
    if what[0] == "misused":
        sys.exit("╭─ Error ─╮\n│ No such option: --colour │\n╰─────────╯")
    with running(Path(folder)) as progress:
        mood = what[0]
        print(f"working on {' '.join(what)}")
        progress.start(4, "counting")
        progress.advance(1, "first", loss=2.5)
        if mood == "fail":
            raise BadValue("Expected sparsity to be a number, but got 'x'. Write 0.5.")
        if mood == "crash":
            raise KeyError("nobody foresaw this")
        if mood == "exit":
            sys.exit(3)
        if mood == "wait":
            end = time.monotonic() + 60
            while not progress.cancelled() and time.monotonic() < end:
                time.sleep(0.02)
            return
        progress.advance(3, "rest", loss=1.5)


if __name__ == "__main__":
    main()
