"""Which study a store is about: manifests, named by fingerprint, engine version and content.

Writers at once need no lock: each writes its own object, lists what is there afterwards, and takes
its own away where it finds another study's. Of two that begin at once at most one stays.
"""

import hashlib
import re
from typing import Final

from prunescope.commands import next_steps
from prunescope.errors import BadReference, ForeignStudy
from prunescope.object_store.objects import ObjectStore
from prunescope.store.folder import differing_parts
from prunescope.store.json_documents import from_json, to_json
from prunescope.study import Manifest
from prunescope.study.point import ENGINE

MANIFESTS: Final = "manifests"
_NAME: Final = re.compile(r"([0-9a-z]+)\.([0-9-]+)\.[0-9a-f]{12}\.json")


def manifest_name(manifest: Manifest) -> str:
    """Return the name of the object that holds ``manifest``."""
    digest = hashlib.sha256(to_json(manifest).encode()).hexdigest()[:12]
    return f"{MANIFESTS}/{manifest.fingerprint}.{ENGINE}.{digest}.json"


def listed_manifests(store: ObjectStore) -> list[str]:
    """Return the names of the manifests in ``store``, all of one study; none of an empty store.

    Raises:
        ForeignStudy: Another version of the engine measured it, or it holds several studies.
    """
    names = sorted(name for name in store.names(MANIFESTS) if _NAME.fullmatch(name))
    engines = {name.split(".")[1] for name in names}
    if engines - {ENGINE}:
        raise ForeignStudy(
            f"Expected the store {store.url} to be measured by this version of the engine "
            f"({ENGINE}), but it is by {', '.join(sorted(engines - {ENGINE}))}. Install the "
            "version of Prunescope that made it on every machine, or choose another store."
        )
    fingerprints = {fingerprint_of(name) for name in names}
    if len(fingerprints) > 1:
        raise ForeignStudy(
            f"Expected the store {store.url} to hold one study, but it holds {len(fingerprints)}, "
            "which began at the same time. Run the commands again, each with a store of its own."
        )
    return [f"{MANIFESTS}/{name}" for name in names]


def fingerprint_of(name: str) -> str:
    """Return the fingerprint in a manifest's name."""
    return name.rpartition("/")[2].partition(".")[0]


def require_same(store: ObjectStore, manifest: Manifest) -> list[str]:
    """Return the manifests in ``store``, all of the study that ``manifest`` is about.

    Raises:
        ForeignStudy: The store is about another one; what differs is named.
    """
    names = listed_manifests(store)
    if not names or fingerprint_of(names[0]) == manifest.fingerprint:
        return names
    for _, content in store.read(names[:1]):
        differ = differing_parts(manifest, from_json(Manifest, content, store.url))
        raise ForeignStudy(
            f"Expected the store {store.url} to be about the same model and data, but its "
            f"{' and '.join(differ)} differ. Choose another store, or give back the {differ[0]} "
            "that it was made from."
        )
    return []


def join_store(store: ObjectStore, manifest: Manifest) -> None:
    """Write ``manifest`` into ``store``, which is empty or about the same study.

    Raises:
        ForeignStudy: It is about another one, perhaps since a moment ago; nothing is left in it.
        StorageFailure: The store refuses.
    """
    name = manifest_name(manifest)
    if name in require_same(store, manifest):
        return
    store.write(name, to_json(manifest).encode())
    try:
        require_same(store, manifest)
    except ForeignStudy:
        store.remove(name)
        raise


def no_study(store: ObjectStore) -> BadReference:
    """Return the error that there is nothing in ``store``."""
    return BadReference(
        f"Expected a study in the store {store.url}, but it is empty. Sweep into it: "
        f"{next_steps.sweep_into(store.url)}."
    )
