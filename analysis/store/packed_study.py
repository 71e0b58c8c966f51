"""A study as one zip file that somebody else can go on with. Torch-free.

In it is what the study measured, planned and fine-tuned, and what it keeps of network and data;
not its jobs, the paces of this machine and the exports, which anybody makes again. A file to
unpack may come from anybody: what is in no study is refused, and every file is looked through
before the folder gets its name.
"""

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.commands import next_steps
from prunescope.errors import BadReference, DamagedFile, PrunescopeError, UnsafeFile, WouldOverwrite
from prunescope.fence.archives import MOST_BYTES, checked_members
from prunescope.fence.json_text import parsed
from prunescope.fence.pt2 import require_safe_program
from prunescope.fence.refusal import Refusal, quoted
from prunescope.fence.safetensors_files import require_honest_tensors
from prunescope.store.destinations import require_replaceable, source_paths, study_around
from prunescope.store.files import storage
from prunescope.store.folder import MANIFEST, TABLES, StudyFolder
from prunescope.store.json_documents import MOST_BYTES as MOST_JSON
from prunescope.store.read_only import require_writable
from prunescope.store.study_files import require_intact
from prunescope.study.manifest import Reference
from prunescope.text.units import bytes_

_TABLES: Final = "|".join((*TABLES, "quantiles", "logits", "latency"))
_MEMBER: Final = re.compile(
    rf"{re.escape(MANIFEST)}|[\w-][\w .+-]*\.(pt2|safetensors)|({_TABLES})/\w[\w-]*\.parquet"
    r"|latency/\w[\w-]*\.json|plans/[^/.][^/]*\.json|plans/pinned/reference\.json"
    r"|recovered/[0-9a-f]{8,64}(-gradual|-resolved)?/\w[\w-]*\.(json|safetensors)"
)
_TRIES: Final = 3
_SPARE: Final = 64 << 20


@dataclass(frozen=True)
class Packed:
    """A study that was packed or unpacked.

    Attributes:
        path: The file, or the folder.
        bytes: Of the file, or of all files in the folder.
        needs: What is not in it, a sentence each, with the next step.
    """

    path: Path
    bytes: int
    needs: tuple[str, ...]


def pack(study: StudyFolder, file: Path, force: bool = False) -> Packed:
    """Write ``study`` into the zip ``file``, whole or not at all.

    Args:
        study: To pack; it may be measured meanwhile.
        file: Outside of every study.
        force: Whether ``file`` may take the place of another file.

    Raises:
        WouldOverwrite: ``file`` is something that Prunescope did not write.
        DamagedFile: The study keeps a file that is no longer what it was.
    """
    require_writable(file)
    sources = source_paths(study.manifest.reference, study.folder)
    require_replaceable(file, "a packed study", is_packed, next_steps.output(), sources, force)
    for own in (study.manifest.reference.own_network, study.manifest.reference.own_data):
        if own is not None:
            require_intact(own, study.folder)
    with storage(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".packing-", dir=file.parent) as aside:
            written = Path(aside) / file.name
            for attempt in range(_TRIES):
                try:
                    _write(study.folder, written)
                    break
                except FileNotFoundError:  # tables were merged meanwhile
                    if attempt == _TRIES - 1:
                        raise
            written.replace(file)
    return Packed(file, file.stat().st_size, missing_parts(study.manifest.reference))


def unpack(file: Path, folder: Path) -> StudyFolder:
    """Return the study of the zip ``file``, unpacked as ``folder``, which must be new.

    Raises:
        UnsafeFile: Something in it belongs into no study, or could run code when loaded.
        DamagedFile: It is no packed study, or a part of it is not what its manifest says.
        WouldOverwrite: ``folder`` exists, or lies in a study.
    """
    require_writable(folder)
    if not file.is_file():
        raise BadReference(
            f"Expected {file} to be a packed study, but there is no such file. Check the path."
        )
    around = study_around(folder)
    if around is not None or (folder.exists() and not (folder.is_dir() and _is_empty(folder))):
        inside = around is not None and around != folder.resolve()
        where = f"it lies in the study {around}" if inside else "it is there already"
        raise WouldOverwrite(
            f"Expected a new folder for the study, but {folder} is none: {where}. Name another "
            f"with {next_steps.output()}."
        )
    with storage(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as aside:
            place = Path(aside) / "study"
            _extract(file, place)
            _require_sound(place)
            if folder.is_dir():
                folder.rmdir()
            place.replace(folder)
    return StudyFolder.open(folder)


def is_packed(file: Path) -> bool:
    """Return whether ``file`` looks like a packed study."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return MANIFEST in names and all(map(_MEMBER.fullmatch, names))


def missing_parts(reference: Reference) -> tuple[str, ...]:
    """Return what a study takes from elsewhere, a sentence each."""
    known = reference.within(Path())
    parts = []
    if reference.own_network is None and not known.model.endswith(".pt2"):
        parts.append(f"Its network is not in it: jobs load {reference.model}.")
    if reference.own_data is None and known.data == reference.data:
        parts.append(
            f"Its data are not in it: jobs that measure load {reference.data}. To keep them: "
            f"{next_steps.keep_data()}."
        )
    functions = [metric for metric in (reference.metric, *reference.also) if ":" in metric]
    parts.extend(f"Its metric is a function: jobs that measure load {name}." for name in functions)
    return tuple(parts)


def _write(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", allowZip64=True) as archive:
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            packed = path.suffix in (".parquet", ".pt2")  # as small as they get
            method = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            archive.write(path, name, method, compresslevel=1)


def _files(folder: Path) -> Iterator[Path]:
    """What is packed, links left out; the manifest first."""
    for path in sorted(folder.rglob("*"), key=lambda path: (path.name != MANIFEST, path)):
        name = path.relative_to(folder).as_posix()
        if _MEMBER.fullmatch(name) and path.is_file() and not path.is_symlink():
            yield path


def _extract(file: Path, place: Path) -> None:
    """Write the members of ``file`` into the new folder ``place``, each after its name was seen."""
    try:
        with zipfile.ZipFile(file) as archive:
            free = shutil.disk_usage(place.parent).free - _SPARE
            names = checked_members(archive, min(MOST_BYTES, free))
            if MANIFEST not in names:
                raise Refusal(f"it has no {MANIFEST}", damage=True)
            for name in names:
                if not _MEMBER.fullmatch(name):
                    raise Refusal(f"its member {quoted(name)} belongs into no study")
            for name in names:
                target = place / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(name) as source, target.open("xb") as opened:
                    shutil.copyfileobj(source, opened, 1 << 20)
    except Refusal as refusal:
        kind: type[PrunescopeError] = DamagedFile if refusal.damage else UnsafeFile
        raise kind(
            f"Expected {file} to be a packed study and nothing else, but {refusal.reason}. Nothing "
            "was unpacked. Ask for the study to be packed again."
        ) from refusal
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise DamagedFile(
            f"Expected {file} to be a packed study, but it cannot be read "
            f"({type(error).__name__}). Copy it again."
        ) from error


def _require_sound(place: Path) -> None:
    """Look through every file that something will open later; tables are when they are read."""
    reference = StudyFolder.open(place).manifest.reference
    for own in (reference.own_network, reference.own_data):
        if own is not None:
            require_intact(own, place)
    for path in _files(place):
        if path.suffix == ".pt2":
            require_safe_program(path)
        elif path.suffix == ".safetensors":
            require_honest_tensors(path)
        elif path.suffix == ".json":
            try:
                parsed(path.read_bytes(), MOST_JSON)
            except Refusal as refusal:
                raise DamagedFile(
                    f"Expected {path.name} in it to be a document, but {refusal.reason}. Ask for "
                    "the study to be packed again."
                ) from refusal


def _is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def size_of(folder: Path) -> str:
    """Return the size of what of ``folder`` is packed, in words."""
    return bytes_(sum(path.stat().st_size for path in _files(folder)))
