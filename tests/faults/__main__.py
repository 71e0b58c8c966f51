"""The whole of what is tried on purpose, with its figures: ``make faults``.

    python -m tests.faults                      # all of it: some twenty minutes on a quiet machine
    python -m tests.faults inputs kills disks viewers
    python -m tests.faults --seconds 60 viewers

Every part prints one line for what went wrong, and its figures at the end; the exit code is 1 where
anything did.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.faults import disks
from tests.faults.families import all_inputs
from tests.faults.fork_server import ForkServer
from tests.faults.kills import survive
from tests.faults.kinds import KINDS
from tests.faults.suite import attempts, crowd
from tests.faults.workplace import make

KILLS: Final = 100
_AT_ONCE: Final = 4
"""Kills of one job at most, before another begins from the start."""
_SPARE: Final = (5, 8, 6, 12)
"""Pages of 4,096 bytes that are left on the disks that fill up, in turn."""
_MEMORY: Final = (4, 40, 160)
"""MiB that jobs get beyond what imports take."""
_FLAT: Final = 0.1
"""By which the server may be larger in the last fifth of the time than in the second one."""


def inputs(server: ForkServer, workplace: Path, folder: Path) -> bool:
    """Try every bad input."""
    every = all_inputs()
    wrong: Counter[str] = Counter()
    slowest, name = 0.0, ""
    for came in attempts(server, workplace, every, folder):
        wrong.update(came.problems)
        if came.ended.seconds > slowest and "loops" not in str(came.bad):
            slowest, name = came.ended.seconds, str(came.bad)
        if came.problems:
            said = " ".join(came.ended.err.split())[-300:]
            print(
                ", ".join(came.problems), came.bad, " ".join(came.bad.line)[:200], said, sep=" | "
            )
    families = Counter(bad.family for bad in every)
    print(f"bad inputs: {len(every)} ({', '.join(f'{n} {f}' for f, n in families.items())})")
    print(
        f"tracebacks {wrong['traceback']}, crashes {wrong['crash']}, silent {wrong['silent']}, "
        f"over their limit {wrong['late']}, other words {wrong['words']}, files changed "
        f"{wrong['changed']}, code run {wrong['ran code']}, past 2 GiB {wrong['memory']}; "
        f"slowest {slowest:.1f} s ({name}), at a load of {crowd():.1f} a processor", flush=True,
    )  # fmt: skip
    return not wrong


def kills(server: ForkServer, workplace: Path, folder: Path) -> bool:
    """Kill jobs of every kind, in turn, until there were enough kills."""
    done = rows = lost = repeated = other = 0
    by_kind: Counter[str] = Counter()
    turn = 0
    while done < KILLS:
        for kind in KINDS:
            place = folder / f"{turn} {kind.name}"
            came = survive(server, workplace, kind, place, _AT_ONCE, turn)
            done, rows = done + came.kills, rows + came.rows
            lost, repeated, other = (
                lost + came.lost,
                repeated + came.repeated,
                other + (not came.same),
            )
            by_kind[kind.name] += came.kills
            if came.lost or came.repeated or not came.same:
                print(came)
        turn += 1
    print(f"kills: {done} ({', '.join(f'{n} {kind}' for kind, n in by_kind.items())})")
    print(
        f"rows stored {rows}, lost {lost}, repeated {repeated}, other in the end than undisturbed "
        f"{other}", flush=True,
    )  # fmt: skip
    return not (lost or repeated or other)


def troubles(server: ForkServer, workplace: Path, folder: Path) -> bool:
    """Run jobs of every kind on full, read-only and vanishing disks, and with little memory."""
    made: dict[str, list[disks.Trouble]] = {"taken away": [], "little memory": []}
    for number, kind in enumerate(KINDS):
        place = folder / str(number)
        seconds = 0.4 + 0.3 * (number % 4)
        made["taken away"].append(disks.take_away(server, workplace, kind, place / "away", seconds))
        for memory in _MEMORY:
            made["little memory"].append(
                disks.starve(server, workplace, kind, place / f"memory {memory}", memory << 20)
            )
        if disks.can_mount():
            plain = disks.undisturbed(server, workplace, kind, place / "plain")
            spare = 4096 * _SPARE[number % len(_SPARE)]
            filled = disks.fill(server, workplace, plain, kind, place / "full", spare)
            made.setdefault("full disk", []).append(filled)
            locked = disks.lock(server, workplace, kind, place / "locked")
            made.setdefault("read-only disk", []).append(locked)
    good = True
    for name, came in made.items():
        bad = [t for t in came if t.unforeseen or t.lost or t.repeated or not t.same]
        for trouble in bad:
            print(trouble)
        print(
            f"{name}: {len(came)} jobs, {sum(t.refused for t in came)} refused in a sentence, "
            f"lost {sum(t.lost for t in came)}, repeated {sum(t.repeated for t in came)}, other "
            f"than undisturbed {sum(not t.same for t in came)}, unforeseen "
            f"{sum(t.unforeseen for t in came)}", flush=True,
        )  # fmt: skip
        good = good and not bad
    if "full disk" not in made:
        print("full and read-only disks: not tried, since only root can mount one")
    return good


def viewers(seconds: float, folder: Path) -> bool:
    """Let twenty people look at a sweep."""
    os.environ.setdefault("XDG_STATE_HOME", tempfile.mkdtemp(prefix="prunescope-state-"))
    from prunescope.dashboard.launch_command import Serving
    from prunescope.jobs import cancel, start, stop
    from tests.browser.served import free_port, served
    from tests.faults.audience import watch

    with served(Serving(folder, free_port())) as serving:
        job = start(
            folder / "lenet5",
            ["sweep", "sample:lenet5", "--data", "sample:fashion-mnist", "--study", "{study}",
             "--methods", "magnitude,taylor,wanda,random", "--sparsities", "0.05:0.95:0.05",
             "--engine", "naive"],
        )  # fmt: skip
        try:
            while not job.snapshot().figures:
                time.sleep(0.5)
            came = watch(serving, job, 20, seconds)
        finally:
            cancel(job)
            stop(job)
    print(
        f"viewers: {came.viewers} for {came.seconds:.0f} s, {came.visits} windows, {came.runs} "
        f"runs, errors {len(came.exceptions)}, slowest page {came.slowest:.1f} s; MiB by tenths of "
        f"the time {', '.join(map(str, came.sizes))}, the last fifth {came.grown:+.1%} on the "
        f"second; the sweep worked: {came.working}", flush=True,
    )  # fmt: skip
    return not came.exceptions and came.working and came.grown <= _FLAT


def main() -> None:
    """Run the parts that are asked for."""
    parts: dict[str, Callable[[ForkServer, Path, Path], bool]] = {
        "inputs": inputs, "kills": kills, "disks": troubles,
    }  # fmt: skip
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(parts)}, viewers")
    parser.add_argument("--seconds", type=float, default=600.0, help="that the viewers look")
    given = parser.parse_args()
    asked = given.parts or [*parts, "viewers"]
    if unknown := set(asked) - {*parts, "viewers"}:
        parser.error(f"Expected parts to be {', '.join(parts)} or viewers, but got {unknown}.")
    good = True
    with tempfile.TemporaryDirectory(prefix="prunescope-faults-") as name:
        if set(asked) & set(parts):
            os.environ["XDG_STATE_HOME"] = str(Path(name) / "state")
            with ForkServer() as server:
                workplace = make(server, Path(name) / "workplace")
                for part in parts:
                    if part in asked:
                        good = parts[part](server, workplace, Path(name) / part) and good
        if "viewers" in asked:
            good = viewers(given.seconds, Path(name) / "studies") and good
    sys.exit(not good)


if __name__ == "__main__":
    main()
