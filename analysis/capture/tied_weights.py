"""Parameters that several layers share, after a program was read from a file."""

from torch import nn


def tie_again(module: nn.Module) -> None:
    """Make one parameter, in place, of those of ``module`` that lie in the same memory.

    A program's file stores a shared tensor once, and its reader makes a parameter of each name.
    """
    first: dict[tuple[object, ...], nn.Parameter] = {}
    for owner in module.modules():
        for name, parameter in list(owner._parameters.items()):
            if parameter is not None and parameter.numel():
                place = (parameter.data_ptr(), parameter.shape, parameter.stride())
                owner._parameters[name] = first.setdefault(place, parameter)


def ties(module: nn.Module) -> frozenset[tuple[str, ...]]:
    """Return the names of every parameter that has more than one."""
    names: dict[int, tuple[str, ...]] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        names[id(parameter)] = (*names.get(id(parameter), ()), name)
    return frozenset(tuple(sorted(group)) for group in names.values() if len(group) > 1)
