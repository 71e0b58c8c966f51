"""Addresses of stores: what they may begin with, and which package reaches them. Torch-free."""

from pathlib import Path
from typing import Final

from prunescope.errors import BadReference, UnknownName
from prunescope.study.bounds import checked_path

PACKAGES: Final = {
    "s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs", "file": "",
    "memory": "",
}  # fmt: skip
"""Protocol → the package that speaks it, empty where fsspec itself does."""

_FORMS: Final = "s3://BUCKET/NAME, gs://BUCKET/NAME, az://CONTAINER/NAME or file:///FOLDER"


def is_store(text: object) -> bool:
    """Return whether ``text`` is the address of a store rather than a path.

    >>> is_store("s3://bucket/study"), is_store("studies/s3")
    (True, False)
    """
    return "://" in str(text)


def checked_store(text: str) -> str:
    """Return the address ``text`` without what a slash at its end would change.

    Raises:
        BadReference: It is no address of a folder in a store.
        UnknownName: Nobody speaks its protocol.

    >>> checked_store("s3://bucket/study/")
    's3://bucket/study'
    """
    protocol, colon, place = text.strip().partition("://")
    if not colon or not place.strip("/") or "\0" in text or "::" in text:
        raise BadReference(
            f"Expected a store like {_FORMS}, but got {text[:200]!r}. Name a place that is for one "
            "study alone."
        )
    if protocol not in PACKAGES:
        raise UnknownName.among("a store's protocol", protocol, PACKAGES)
    return f"{protocol}://{place.rstrip('/')}"


def last_name(url: str) -> str:
    """Return what the study at ``url`` is called.

    >>> last_name("s3://bucket/studies/resnet")
    'resnet'
    """
    return url.rstrip("/").rpartition("/")[2]


def checked_source(text: str | Path) -> str | Path:
    """Return ``text`` as the address of a store, or as a path."""
    return checked_store(str(text)) if is_store(text) else checked_path(text, "the study")
