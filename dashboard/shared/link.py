"""What a shared link says, to and from URL parameters. No Streamlit."""

import base64
import binascii
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from prunescope.curves.curve import subjects
from prunescope.errors import BadValue, PrunescopeError
from prunescope.study import Manifest, Method
from prunescope.study.plan import Choice, Plan
from prunescope.study.recoveries import RECOVERIES

LONGEST: Final = 6_000
"""Characters that a plan may take in a link; 250 layers need a few hundred."""

_VERSION: Final = 1
_MOST_BYTES: Final = 60_000
_HEAD: Final = struct.Struct(">B8sBHH")
_ROW: Final = struct.Struct(">HHB")
_SOLVED: Final = 128
"""Added to the number of the recovery where a solver picked the plan."""


@dataclass(frozen=True)
class Shared:
    """What a link restores; None where it says nothing."""

    study: str | None = None
    layer: str | None = None
    method: str | None = None
    plan: str | None = None
    view: str | None = None
    show: str | None = None


def to_query(shared: Shared) -> dict[str, str]:
    """Return the URL parameters of ``shared``."""
    pairs = vars(shared).items()
    return {name: value for name, value in pairs if value}


def from_query(query: Mapping[str, str]) -> Shared:
    """Return what the URL parameters say; unknown ones are ignored, long ones cut short."""
    known = {
        name: query[name][: LONGEST + 1] for name in Shared.__dataclass_fields__ if name in query
    }
    return Shared(**known)


def encode_plan(plan: Plan, manifest: Manifest) -> str:
    """Return ``plan`` as compact text that is safe in a URL; its name does not travel.

    Raises:
        BadValue: The plan is too long for a link.
    """
    order = {name: place for place, name in enumerate(subjects(manifest))}
    chosen = {name: choice for name, choice in plan.choices.items() if choice != _EMPTY}
    methods = sorted({str(choice.method) for choice in chosen.values()})
    names = "\n".join(methods).encode()
    recovery = RECOVERIES.index(plan.recovery) if plan.recovery in RECOVERIES else 0
    recovery += _SOLVED * plan.solved
    head = _HEAD.pack(_VERSION, _stamp(plan.fingerprint), recovery, plan.seed % 65536, len(names))
    rows = b"".join(
        _ROW.pack(
            order[name],
            round(choice.sparsity * 10_000),
            methods.index(str(choice.method)) * 2 + choice.locked,
        )
        for name, choice in sorted(chosen.items(), key=lambda item: order.get(item[0], -1))
        if name in order
    )
    text = base64.urlsafe_b64encode(zlib.compress(head + names + rows, 9)).decode().rstrip("=")
    if len(text) > LONGEST:
        raise BadValue(
            f"Expected a plan that fits into a link of {LONGEST} characters, but it needs "
            f"{len(text)}. Save it in the study and share the study's folder."
        )
    return text


def decode_plan(text: str, manifest: Manifest, name: str = "shared") -> Plan:
    """Return the plan that ``encode_plan`` wrote, checked as any foreign input.

    Raises:
        PrunescopeError: The text is damaged or too long, or was made for another study.
    """
    content = _unpacked(text)
    try:
        version, stamp, recovery, seed, length = _HEAD.unpack_from(content)
        names = content[_HEAD.size : _HEAD.size + length].decode()
        rows = list(_ROW.iter_unpack(content[_HEAD.size + length :]))
        methods = [Method.parse(each) for each in names.split("\n") if each]
        order = subjects(manifest)
        choices = {}
        for place, parts, flags in rows:
            method = methods[flags // 2]
            choices[order[place]] = Choice(
                method.criterion, parts / 10_000, method.granularity, bool(flags % 2)
            )
        known = RECOVERIES[recovery % _SOLVED]
    except (struct.error, UnicodeDecodeError, IndexError, PrunescopeError) as error:
        raise _damaged() from error
    if version != _VERSION or stamp != _stamp(manifest.fingerprint):
        raise BadValue(
            "Expected a link to a plan for this study's weights and data, but it was made for "
            "others. Open the study that it belongs to."
        )
    plan = Plan(name, manifest.fingerprint, choices, known, seed)
    plan.require(manifest)
    return plan.as_solved() if recovery >= _SOLVED else plan


_EMPTY: Final = Choice("", 0.0)


def _stamp(fingerprint: str) -> bytes:
    return fingerprint.encode()[:8].ljust(8, b" ")


def _unpacked(text: str) -> bytes:
    if len(text) > LONGEST:
        raise _damaged()
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        machine = zlib.decompressobj()
        content = machine.decompress(packed, _MOST_BYTES)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise _damaged() from error
    if machine.unconsumed_tail or not machine.eof:
        raise _damaged()
    return content


def _damaged() -> BadValue:
    return BadValue(
        "Expected a complete link to a plan, but this one is damaged or cut off. Ask for it again; "
        "meanwhile the plan is empty."
    )
