"""Choices as people name them: a layer or group with a sparsity, with or without a method."""

from prunescope.curves.curve import CurveKey, Curves
from prunescope.errors import BadValue
from prunescope.planning.edits import choice_at
from prunescope.study import GroupSummary, Manifest, Method, check_names, sparsity
from prunescope.study.method import BLOCK, BYPASS, UNITS
from prunescope.study.plan import Choice, Plan


def locked_choices(plan: Plan) -> dict[str, Choice]:
    """Return the locked choices of a plan."""
    return {name: choice for name, choice in plan.choices.items() if choice.locked}


def parse_lock(
    text: str, manifest: Manifest, study_curves: Curves, recovery: str
) -> tuple[str, Choice]:
    """Return the lock that ``text`` names: ``conv1=0``, ``conv1=0.5`` or ``conv1=taylor:0.5``.

    Without a method it is ``choice_named``'s.

    Raises:
        BadValue: No such form, or no method to take.
    """
    name, sign, value = text.partition("=")
    if name and sign:
        layers = [layer.name for layer in manifest.prunable()]
        groups = [group.name for group in manifest.leaving()]
        check_names("layer or group", [name], [*layers, *groups])
    method, colon, number_text = value.rpartition(":")
    if not sign or not name:
        raise BadValue(
            f"Expected a lock like conv1=0 or conv1=taylor:0.5, but got {text!r}. Write the layer "
            "or group, an equals sign and its sparsity."
        )
    given_method = Method.parse(method) if colon else None
    return name, choice_named(
        name, given_method, sparsity(number_text), manifest, study_curves, recovery, True
    )


def choice_named(
    name: str,
    method: Method | None,
    number: float,
    manifest: Manifest,
    study_curves: Curves,
    recovery: str,
    locked: bool = False,
) -> Choice:
    """Return the choice of sparsity ``number`` for the layer or group ``name``.

    Without a method, the first method measured on that subject is taken, weights before units.

    Raises:
        BadValue: No method to take.
    """
    if method is not None:
        return choice_at(manifest.named(method), number, locked)
    grouped = {group.name for group in manifest.leaving()}
    keys = [key for key in study_curves if key.subject == name and key.recovery == recovery]
    if not keys and number > 0:
        raise BadValue(
            f"Expected a measured method for {name} at {number:g}, but it has none with recovery "
            f"{recovery}. Name one: {name}=magnitude:{number:g}."
        )
    layers = {layer.name for layer in manifest.prunable()}
    default_method = Method("magnitude", "weight" if name in layers else "channel")
    if name in grouped - layers:
        default_method = unit_method(manifest.group(name))
    return choice_at(
        min(keys, key=_weights_first).method if keys else default_method, number, locked
    )


def unit_method(group: GroupSummary) -> Method:
    """Return the method by which the units of ``group`` are removed where nothing says which."""
    return Method(BYPASS if group.granularity == BLOCK else "l1", group.granularity)


def _weights_first(key: CurveKey) -> bool:
    return key.method.granularity in UNITS
