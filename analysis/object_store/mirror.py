"""A store's study as a folder on this machine, brought up to date object by object. Torch-free.

A mirror is an ordinary study folder whose parts are the store's, name for name; it is only read.
What has no whole content yet (a folder that somebody is copying into) waits for the next time.
"""

import hashlib
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from prunescope.cache_folder import cache_folder
from prunescope.errors import DamagedFile
from prunescope.object_store.address import last_name
from prunescope.object_store.identity import (
    MANIFESTS,
    fingerprint_of,
    listed_manifests,
    no_study,
)
from prunescope.object_store.objects import ObjectStore
from prunescope.store.files import storage, write_atomically
from prunescope.store.folder import MANIFEST, TABLES, StudyFolder
from prunescope.store.json_documents import from_json, write_document
from prunescope.store.logits import TARGETS
from prunescope.store.merge import joined_manifest
from prunescope.store.study_files import file_hash
from prunescope.store.table_file import named_by_content
from prunescope.study import Manifest

MIRRORED: Final = (*TABLES, "quantiles", "logits")
"""Folders of a study that a store has too; a row is written after its logits, and listed before."""

FILES: Final = "files"
"""The network and data that a study keeps, named by their hashes."""


def mirror_folder(url: str) -> Path:
    """Return where this account mirrors the store ``url``."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    return cache_folder("stores") / digest / last_name(url)


def mirrored(
    store: ObjectStore,
    folder: Path | None = None,
    tables: Sequence[str] = MIRRORED,
    files: bool = False,
) -> StudyFolder | None:
    """Bring the mirror of ``store`` up to date and return it; None of an empty store.

    Args:
        store: Only read.
        folder: Of the mirror; by default the account's own.
        tables: Which of ``MIRRORED``.
        files: Whether the network and data that the study keeps are brought too.

    Raises:
        ForeignStudy: Another version of the engine measured it.
        StorageFailure: The store does not answer, or the disk refuses.
    """
    folder = folder or mirror_folder(store.url)
    names = listed_manifests(store)
    if not names:
        return None
    _clear_of_others(folder, fingerprint_of(names[0]))
    changed = _bring(store, folder, MANIFESTS, {name.rpartition("/")[2] for name in names})
    listings = {table: store.names(table) for table in tables}
    for table in reversed(tables):
        _bring(store, folder, table, listings[table])
    study = _joined(folder, changed)
    if files:
        _bring_files(store, study)
    return study


def mirrored_or_refused(store: ObjectStore, files: bool = False) -> StudyFolder:
    """Return the account's mirror of ``store``; raises ``BadReference`` where it is empty."""
    study = mirrored(store, files=files)
    if study is None:
        raise no_study(store)
    return study


def _bring(store: ObjectStore, folder: Path, table: str, names: set[str]) -> bool:
    """Make ``folder/table`` hold the objects ``names``; return whether anything changed."""
    place = folder / table
    there = {path.name for path in place.glob("*") if not path.name.startswith(".")}
    gone = {name for name in there - names if ".damaged" not in name}
    missing = sorted(names - there)
    for name, content in store.read(f"{table}/{name}" for name in missing):
        own = name.rpartition("/")[2]
        if not own.endswith(".parquet") or own == TARGETS or named_by_content(own, content):
            write_atomically(place / own, content)
    with storage(place):
        for name in gone:  # merged into others, or taken away
            (place / name).unlink(missing_ok=True)
    return bool(missing or gone)


def _clear_of_others(folder: Path, fingerprint: str) -> None:
    """Remove a mirror of what stood at the same address before."""
    names = {fingerprint_of(path.name) for path in (folder / MANIFESTS).glob("*.json")}
    if names - {fingerprint}:
        with storage(folder):
            shutil.rmtree(folder)


def _joined(folder: Path, changed: bool) -> StudyFolder:
    """The mirror, with what all of its manifests say in one."""
    if not changed and (folder / MANIFEST).is_file():
        return StudyFolder.open(folder)
    first, *others = _manifests(folder)
    write_document(folder / MANIFEST, first)
    study = StudyFolder.open(folder)
    manifest, measured = first, study.measured()
    for other in others:
        manifest = joined_manifest(manifest, other, measured)
    return study.update(manifest) if manifest != first else study


def _manifests(folder: Path) -> Iterator[Manifest]:
    for path in sorted((folder / MANIFESTS).glob("*.json")):
        yield from_json(Manifest, path.read_bytes(), str(path))


def _bring_files(store: ObjectStore, study: StudyFolder) -> None:
    """The network and data that the study keeps, unless they are there already."""
    reference = study.manifest.reference
    for own in (reference.own_network, reference.own_data):
        if own is None:
            continue
        target = own.within(study.folder)
        if target.is_file() and target.stat().st_size == own.bytes:
            continue
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
        try:
            store.read_file(f"{FILES}/{own.sha256}", part)
            if file_hash(part) != own.sha256:
                raise DamagedFile(
                    f"Expected {FILES}/{own.sha256} in {store.url} to hold {own.name}, but its "
                    "content is another. Remove it and run a sweep with this store again."
                )
            with storage(target):
                part.replace(target)
        finally:
            part.unlink(missing_ok=True)
