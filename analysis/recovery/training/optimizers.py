"""Optimizers of ``torch.optim`` by name: made, checked, and their state as tensors and back."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from prunescope.commands import next_steps
from prunescope.errors import BadValue, UnknownName
from prunescope.recovery.training.fine_tuning_settings import SGD, FineTuning

_UNFIT: Final = {
    "lbfgs": "evaluates the loss several times a step",
    "sparseadam": "takes sparse gradients only",
}
_OURS: Final = {"params", "lr", "weight_decay"}
"""Arguments that settings of their own give."""
_OURS_OF_SGD: Final = {"momentum", "nesterov"}
_NUMBER: Final = "number"
_NONE: Final = "none"
_TENSOR: Final = "tensor"


def optimizer_names() -> tuple[str, ...]:
    """Return the optimizers that can be asked for, in lower case."""
    return tuple(sorted(name for name in _classes() if name not in _UNFIT))


def require_optimizer(settings: FineTuning) -> None:
    """Raise unless the optimizer and its options are ones that torch takes.

    Raises:
        UnknownName: No such optimizer, or it has no such option; the nearest ones are named.
        BadValue: A value that the optimizer refuses, or an optimizer that cannot train so.
    """
    sample = nn.Module()
    sample.matrix = nn.Parameter(torch.ones(2, 2))
    sample.vector = nn.Parameter(torch.ones(2))
    make_optimizer(sample, settings)


def make_optimizer(module: nn.Module, settings: FineTuning) -> torch.optim.Optimizer:
    """Return the optimizer of ``settings`` on all parameters of ``module`` that have gradients."""
    kind = _class(settings.optimizer)
    known = inspect.signature(kind).parameters
    taken = _OURS | (_OURS_OF_SGD if settings.optimizer.lower() == SGD else set())
    options = dict(_option(text) for text in settings.options)
    for name in options:
        if name not in known or name in taken:
            raise UnknownName.among(
                f"option of {settings.optimizer}", name, sorted(set(known) - taken)
            )
    if settings.optimizer.lower() == SGD:
        options |= {"momentum": settings.momentum, "nesterov": settings.nesterov}
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    decays = (settings.decay, 0.0) if "weight_decay" in known else (None, None)
    groups = []
    for some, decay in zip(
        ([p for p in parameters if p.ndim > 1], [p for p in parameters if p.ndim < 2]),
        decays,
        strict=True,
    ):
        groups.append({"params": some} | ({} if decay is None else {"weight_decay": decay}))
    try:
        return kind([group for group in groups if group["params"]], lr=settings.peak, **options)
    except (ValueError, TypeError) as error:
        raise BadValue(
            f"Expected {settings.optimizer} to take these options and this network, but it says: "
            f"{str(error).splitlines()[0].rstrip('.')}. Change "
            f"{next_steps.optimizer_option()}, or take {next_steps.optimizer(SGD)} or adamw."
        ) from error


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's state by names that say what each value was, for one file of tensors.

    A number becomes a tensor without dimensions, None an empty one.
    """
    kept: dict[str, Tensor] = {}
    for place, parameter in enumerate(parameters_of(optimizer)):
        for name, value in optimizer.state.get(parameter, {}).items():
            if isinstance(value, Tensor):
                kept[f"{_TENSOR}.{place}.{name}"] = value.detach().clone()
            elif value is None:
                kept[f"{_NONE}.{place}.{name}"] = torch.zeros(0)
            else:
                kept[f"{_NUMBER}.{place}.{name}"] = torch.tensor(value)
    return kept


def restore_optimizer(optimizer: torch.optim.Optimizer, kept: Mapping[str, Tensor]) -> None:
    """Give a fresh optimizer the state that ``optimizer_tensors`` returned."""
    places = parameters_of(optimizer)
    for key, value in kept.items():
        kind, place, name = key.split(".", 2)
        held: Any = value.clone()
        if kind != _TENSOR:
            held = None if kind == _NONE else value.item()
        optimizer.state[places[int(place)]][name] = held


def fits_optimizer(optimizer: torch.optim.Optimizer, kept: Iterable[str]) -> bool:
    """Return whether every name in ``kept`` is one of a parameter that the optimizer has."""
    count = len(parameters_of(optimizer))
    parts = [name.split(".", 2) for name in kept]
    return all(len(p) == 3 and p[1].isdigit() and int(p[1]) < count for p in parts)


def parameters_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    """Return what the optimizer trains, in its order."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _classes() -> dict[str, Callable[..., torch.optim.Optimizer]]:
    return {
        name.lower(): kind
        for name, kind in vars(torch.optim).items()
        if isinstance(kind, type)
        and issubclass(kind, torch.optim.Optimizer)
        and kind is not torch.optim.Optimizer
    }


def _class(name: str) -> Callable[..., torch.optim.Optimizer]:
    asked = name.lower()
    if asked in _UNFIT:
        raise BadValue(
            f"Expected an optimizer that takes a step from one gradient, but {name} "
            f"{_UNFIT[asked]}. Take {SGD} or adamw."
        )
    known = _classes()
    if asked not in known:
        raise UnknownName.among("optimizer", name, optimizer_names())
    return known[asked]


def _option(text: str) -> tuple[str, Any]:
    """``betas=0.9,0.95`` as a name and a value."""
    name, _, value = text.partition("=")
    parts = [_value(part) for part in value.split(",")]
    return name, parts[0] if len(parts) == 1 else tuple(parts)


def _value(text: str) -> bool | float | int | str:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
