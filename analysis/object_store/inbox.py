"""What other sweeps put into a store while one runs, brought into its study. Torch-free."""

import hashlib
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

import pandas as pd
import pyarrow as pa

from prunescope.fence.refusal import Refusal
from prunescope.object_store.outbox import Outbox
from prunescope.store.files import write_atomically
from prunescope.store.logits import TARGETS
from prunescope.store.other_sweeps import OtherSweeps
from prunescope.store.rows_of_study import own_rows
from prunescope.store.table_file import BOUNDS, named_by_content, read_rows
from prunescope.study.point import KEY

ROWS, LOGITS, SWEEPS = "measurements", "logits", "sweeps"


@dataclass(frozen=True)
class Exchange:
    """What went on between a sweep and others in its store.

    Attributes:
        taken: Points that were taken over from others while it ran, in part or whole.
        twice: Points that it and another one both measured to their end.
    """

    taken: int = 0
    twice: int = 0


@dataclass
class Inbox:
    """Parts that others wrote into the store of ``outbox`` since that was made.

    A part is a file of the study's tables as it is, so it goes into the study's folder by its own
    name, where the sweep takes its rows over as those of another process. Parts that are not whole
    yet wait for the next time.

    Attributes:
        outbox: Of the sweep's study; told what need not be sent.
        others: Told who else is there, and that somebody wrote.
        grid: What the sweep measures; only sweeps of the same share their work.
    """

    outbox: Outbox
    others: OtherSweeps = field(default_factory=OtherSweeps)
    grid: str = ""

    def __post_init__(self) -> None:
        mirror = self.outbox.mirror
        folders = {} if mirror is None else {n: mirror.folder / n for n in (ROWS, LOGITS)}
        self._known = {
            f"{name}/{path.name}" for name, folder in folders.items() for path in folder.glob("*")
        }
        self._taken: set[Hashable] = set()
        self._twice: set[Hashable] = set()
        before = None if mirror is None else mirror.measurements.read(["samples"])
        self._theirs = {} if before is None else dict(_samples(before))

    @property
    def exchange(self) -> Exchange:
        """What went on so far."""
        return Exchange(len(self._taken), len(self._twice))

    def join(self) -> None:
        """Let others know that a sweep of this grid has begun."""
        self.outbox.store.write(f"{SWEEPS}/{self._sign}", self.others.name.encode())
        self._meet()

    def leave(self) -> None:
        """Let others know that it has ended."""
        self.outbox.store.remove(f"{SWEEPS}/{self._sign}")

    @property
    def _sign(self) -> str:
        return f"{self._prefix}{self.others.name}"

    @property
    def _prefix(self) -> str:
        return f"{hashlib.sha256(self.grid.encode()).hexdigest()[:12]}."

    def _meet(self) -> None:
        signs = self.outbox.store.names(SWEEPS)
        self.others.meet(s.partition(".")[2] for s in signs if s.startswith(self._prefix))

    def pull(self) -> int:
        """Bring what is new and return how many points it takes further.

        Raises:
            StorageFailure: The store does not answer, or the disk refuses.
        """
        self._meet()
        rows = self._new(ROWS)
        if not rows:
            return 0
        # A row's logits are written before it: listed after it, they are there.
        logits = self._new(LOGITS)
        for name, content in self._read(logits):
            path = self.outbox.study.logits.folder / name
            write_atomically(path, content)
            self.outbox.learn_logits(path)
        further = 0
        table = self.outbox.study.measurements
        for name, content in self._read(rows):
            frame = self._frame(content)
            further += self._compare(frame)
            self.outbox.learn_rows(ROWS, name, frame)
            write_atomically(table.folder / name, content)
            self.others.heard = True
        return further

    def _new(self, folder: str) -> set[str]:
        there = {f"{folder}/{name}" for name in self.outbox.store.names(folder) if name != TARGETS}
        return there - self._known - self.outbox.written

    def _read(self, paths: set[str]) -> Iterator[tuple[str, bytes]]:
        for path, content in self.outbox.store.read(sorted(paths)):
            name = path.rpartition("/")[2]
            if named_by_content(name, content):
                yield name, content
                self._known.add(path)

    def _frame(self, content: bytes) -> pd.DataFrame:
        """The rows in a part; none of one that no table of this version wrote."""
        study = self.outbox.study
        try:
            rows = read_rows(pa.BufferReader(content), study.measurements.row, BOUNDS)
        except (Refusal, pa.ArrowException, KeyError, ValueError):
            rows = study.measurements.schema.empty_table()
        frame: pd.DataFrame = rows.to_pandas()
        return own_rows(frame, study.manifest)

    def _compare(self, frame: pd.DataFrame) -> int:
        """Note which points of ``frame`` are further than here, and which are whole here too."""
        table = self.outbox.study.measurements
        own = dict(_samples(table.read(["samples"])))
        whole = self.outbox.study.manifest.splits.get("validation", 0)
        further = 0
        for key, samples in _samples(frame):
            here, before = own.get(key, 0), self._theirs.get(key, 0)
            if samples > here:
                further += 1
                self._taken.add(key)
            elif samples >= whole > before:
                self._twice.add(key)
            self._theirs[key] = max(samples, before)
        return further


def _samples(frame: pd.DataFrame) -> Iterator[tuple[Hashable, int]]:
    keys = frame[list(KEY)].itertuples(index=False, name=None)
    return zip(keys, map(int, frame["samples"]), strict=True)
