"""What a study on this machine holds and its store does not yet, as new parts. Torch-free."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from prunescope.object_store.identity import join_store
from prunescope.object_store.mirror import FILES
from prunescope.object_store.objects import ObjectStore
from prunescope.store.folder import StudyFolder
from prunescope.store.logit_files import read_file
from prunescope.store.logits import TARGETS, LogitStore, encoded_logits
from prunescope.store.parquet_table import Table
from prunescope.store.rows_of_study import own_rows
from prunescope.store.score_quantiles import quantiles
from prunescope.store.table_file import encoded
from prunescope.study.point import DENSE, KEY

_RUN = (*KEY, "start", "rows")


def tables_of(study: StudyFolder) -> dict[str, Table]:
    """Return the tables of ``study`` that a store has too, by the names of their folders."""
    return study.tables | {"quantiles": quantiles(study.folder)}


@dataclass
class Outbox:
    """A study and what of it is in the store; each ``push`` sends the rest.

    A row is sent when it counts more than the one that was sent before, as in ``Table``. Which file
    it lies in is of no matter: files are merged here, and there too.

    Attributes:
        store: Of the same study, or empty.
        study: Only read.
        mirror: What the store is known to hold at first; None for nothing.
    """

    store: ObjectStore
    study: StudyFolder
    mirror: StudyFolder | None
    written: set[str] = field(default_factory=set)
    """Names of the parts that were sent."""

    def __post_init__(self) -> None:
        self._seen: dict[str, set[str]] = {}
        self._sent: dict[str, dict[Hashable, tuple[Any, ...]]] = {}
        self._runs: set[Hashable] = set()
        if self.mirror is not None:
            self.learn(self.mirror)

    def learn(self, mirror: StudyFolder) -> None:
        """Note that the store holds what ``mirror`` does, so that it is not sent again."""
        for name, table in tables_of(mirror).items():
            self._note(name, table, own_rows(table.read(), self.study.manifest))
        for path in mirror.logits.files():
            self._runs |= set(_runs(read_file(path, list(_RUN))))

    def learn_rows(self, name: str, file: str, frame: pd.DataFrame) -> None:
        """Note that the store holds ``frame``, rows of the table ``name`` that lie in ``file``."""
        table = tables_of(self.study)[name]
        self._note(name, table, table.better(frame, self._sent.get(name, {})))
        self._seen.setdefault(name, set()).add(file)

    def learn_logits(self, path: Path) -> None:
        """Note that the store holds the logits in the file ``path``."""
        self._runs |= set(_runs(read_file(path, list(_RUN))))
        self._seen.setdefault("logits", set()).add(path.name)

    def begin(self) -> None:
        """Send the manifest, the network and the data that the study keeps, once.

        Raises:
            ForeignStudy: The store is about another study.
            StorageFailure: The store refuses.
        """
        manifest = StudyFolder.open(self.study.folder).manifest
        join_store(self.store, manifest)
        there = self.store.names(FILES)
        for own in (manifest.reference.own_network, manifest.reference.own_data):
            if own is not None and own.sha256 not in there:
                self.store.write_file(f"{FILES}/{own.sha256}", own.within(self.study.folder))

    def push(self) -> int:
        """Send what is new since the last time and return how many measured points it had.

        Logits go first, so that a row in the store always has its logits.
        """
        fresh = {name: self._fresh(name, table) for name, table in tables_of(self.study).items()}
        self._push_logits(self.study.logits)
        for name, table in tables_of(self.study).items():
            frame, names = fresh[name]
            if len(frame):
                rows = pa.Table.from_pandas(frame, table.schema, preserve_index=False)
                self._write(name, *encoded(rows))
                self._note(name, table, frame)
            self._seen.setdefault(name, set()).update(names)
        return len(fresh["measurements"][0])

    def lost(self) -> bool:
        """Return whether the store misses a part that was sent: emptied, or merged, meanwhile."""
        folders = {name.partition("/")[0] for name in self.written}
        there = {f"{folder}/{name}" for folder in folders for name in self.store.names(folder)}
        return bool(self.written - there)

    def _fresh(self, name: str, table: Table) -> tuple[pd.DataFrame, set[str]]:
        frame, names = table.read_new(self._seen.get(name, set()))
        frame = own_rows(frame, self.study.manifest)
        return table.better(frame, self._sent.get(name, {})), names

    def _note(self, name: str, table: Table, frame: pd.DataFrame) -> None:
        self._sent.setdefault(name, {}).update(table.standings(frame))

    def _push_logits(self, logits: LogitStore) -> None:
        seen = self._seen.setdefault("logits", set())
        targets = logits.folder / TARGETS
        if TARGETS not in seen and targets.is_file():
            self._write("logits", TARGETS, targets.read_bytes())
            seen.add(TARGETS)
        files = [path for path in logits.files() if path.name not in seen]
        tables = [table for path in files if (table := self._fresh_runs(path)) is not None]
        if tables:
            whole = pa.concat_tables(tables)
            dense = [subject == DENSE for subject in whole["subject"].to_pylist()]
            for place in (place for place, is_dense in enumerate(dense) if is_dense):
                # Every machine computes these; alone they have one name and are there once.
                self._write("logits", *encoded_logits(whole.slice(place, 1).combine_chunks()))
            rest = whole.filter(pa.array([not is_dense for is_dense in dense])).combine_chunks()
            if rest.num_rows:
                self._write("logits", *encoded_logits(rest))
            self._runs |= set(_runs(whole))
        seen.update(path.name for path in files)

    def _fresh_runs(self, path: Path) -> pa.Table | None:
        keys = read_file(path, list(_RUN))
        fresh = [run not in self._runs for run in _runs(keys)]
        if not any(fresh):
            return None
        table = read_file(path)
        return None if table is None else table.filter(pa.array(fresh))

    def _write(self, folder: str, name: str, content: bytes) -> None:
        self.store.write(f"{folder}/{name}", content)
        self.written.add(f"{folder}/{name}")


def _runs(table: pa.Table | None) -> list[Hashable]:
    if table is None:
        return []
    return list(zip(*(table[name].to_pylist() for name in _RUN), strict=True))
