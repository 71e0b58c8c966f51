"""Ridge regression towards given weights on kept coordinates, for masked layers and for readers."""

from typing import Final

import torch
from torch import Tensor

from prunescope.errors import CannotPrune
from prunescope.moments.second_moments import DIRECT, RIDGE

_DAMPINGS: Final = 6
_ROUNDS: Final = 200
_CLOSE: Final = 1e-8


def refit(gram: Tensor, cross: Tensor, start: Tensor, keep: Tensor, ridge: float = RIDGE) -> Tensor:
    """Return the weights that give outputs closest to the targets, with zeros outside ``keep``.

    Per row, on its support S: ``w_S = (H_SS + λI)⁻¹ (C_S + λ w⁰_S)`` with ``λ = ridge · mean of
    H's diagonal`` over the inputs that some row keeps. An input that is always zero keeps its
    weight. Rows with equal supports share a factorisation. Where each row has its own, a row is
    solved on the smaller of S and its complement; above ``DIRECT`` inputs all rows are solved at
    once by conjugate gradients, whose error never grows from step to step. Hence in either case:
    if ``cross`` is ``start · gram`` (dense targets), the error of the result is at most that of
    ``start`` masked.

    Args:
        gram: ``(inputs, inputs)`` float64, H: second moments of the inputs, not modified.
        cross: ``(outputs, inputs)`` float64, C: moments of targets with inputs.
        start: ``(outputs, inputs)`` float64, w⁰.
        keep: ``(outputs, inputs)`` bool, the supports.
        ridge: Relative to the mean diagonal; 0 is plain least squares.

    Raises:
        CannotPrune: The moments are not finite.

    Source: He et al. 2017 (arXiv 1707.06168), section 3.2; Frantar & Alistarh 2022, *Optimal
    Brain Compression* (arXiv 2208.11580). Here shrunk towards w⁰ instead of 0.
    """
    if not bool(gram.isfinite().all() and cross.isfinite().all()):
        raise CannotPrune(
            "Expected finite activations on calibration inputs for a refit, but some are NaN "
            "or infinite. Prune less, or use recovery none."
        )
    used = gram.diagonal()[keep.any(0)]
    level = float(used.mean()) if len(used) else 0.0
    if level <= 0:
        return start * keep
    system = gram + ridge * level * torch.eye(len(gram), dtype=gram.dtype)
    right = cross + ridge * level * start
    supports, which = torch.unique(keep, dim=0, return_inverse=True)
    if len(supports) <= max(1, len(keep) // 4):
        return _solve_shared_supports(system, right, supports, which)
    if len(gram) > DIRECT:
        return _conjugate_gradients(system, right, start, keep)
    return _solve_by_row(system, right, keep)


def refit_whole(gram: Tensor, cross: Tensor, start: Tensor, ridge: float = RIDGE) -> Tensor:
    """Return ``refit`` of many systems at once where every weight is kept.

    Args:
        gram: ``(groups, inputs, inputs)`` float64, not modified.
        cross: ``(groups, outputs, inputs)`` float64.
        start: ``(groups, outputs, inputs)`` float64.
        ridge: As for ``refit``.

    Raises:
        CannotPrune: As from ``refit``.
    """
    level = ridge * gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    eye = torch.eye(gram.shape[1], dtype=gram.dtype)
    factor, failed = torch.linalg.cholesky_ex(gram + level * eye)
    if bool(failed.any()) or not bool((level > 0).all() and factor.isfinite().all()):
        keep = torch.ones_like(start[0], dtype=torch.bool)
        systems = zip(gram, cross, start, strict=True)
        return torch.stack([refit(g, c, s, keep, ridge) for g, c, s in systems])
    return torch.cholesky_solve((cross + level * start).transpose(1, 2), factor).transpose(1, 2)


class RidgeSystem:
    """The same ridge regression for several right sides: ``refit`` of what is to be added."""

    def __init__(self, gram: Tensor, keep: Tensor | None = None, ridge: float = RIDGE) -> None:
        """Factor the systems.

        Args:
            gram: ``(groups, inputs, inputs)`` float64, not modified.
            keep: ``(groups, outputs, inputs)`` bool, the supports; None for all inputs.
            ridge: As for ``refit``.
        """
        self._gram, self._keep, self._ridge = gram, keep, ridge
        self._factor: Tensor | None = None
        if keep is None:
            level = ridge * gram.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
            eye = torch.eye(gram.shape[1], dtype=gram.dtype)
            factor, failed = torch.linalg.cholesky_ex(gram + level * eye)
            if not bool(failed.any()) and bool((level > 0).all() and factor.isfinite().all()):
                self._factor = factor

    def solve(self, cross: Tensor) -> Tensor:
        """Return what to add to the weights, ``(groups, outputs, inputs)``.

        Args:
            cross: ``(groups, outputs, inputs)`` float64, moments of what the outputs lack with the
                inputs.

        Raises:
            CannotPrune: The moments are not finite.
        """
        if self._factor is not None and bool(cross.isfinite().all()):
            return torch.cholesky_solve(cross.transpose(1, 2), self._factor).transpose(1, 2)
        everything = torch.ones_like(cross, dtype=torch.bool)
        keep = everything if self._keep is None else self._keep
        start = torch.zeros_like(cross[0])
        systems = zip(self._gram, cross, keep, strict=True)
        return torch.stack([refit(g, c, start, k, self._ridge) for g, c, k in systems])


def _solve_shared_supports(
    system: Tensor, right: Tensor, supports: Tensor, which: Tensor
) -> Tensor:
    """A factorisation for each support, for all rows that have it."""
    solution = torch.zeros_like(right)
    for number, support in enumerate(supports):
        inside = support.nonzero().flatten()
        rows = (which == number).nonzero().flatten()
        if len(inside):
            factor = _factor(system[inside][:, inside])
            part = torch.cholesky_solve(right[rows][:, inside].T, factor).T
            solution[rows.unsqueeze(1), inside] = part
    return solution


def _solve_by_row(system: Tensor, right: Tensor, keep: Tensor) -> Tensor:
    """Solve on the support, or from the full solution on its complement, what is smaller."""
    solution = torch.zeros_like(right)
    inverse = torch.cholesky_inverse(_factor(system))
    unconstrained = right @ inverse
    for row, support in enumerate(keep):
        inside, outside = support.nonzero().flatten(), (~support).nonzero().flatten()
        if len(inside) <= len(outside):
            if len(inside):
                factor = _factor(system[inside][:, inside])
                part = torch.cholesky_solve(right[row, inside].unsqueeze(1), factor)
                solution[row, inside] = part.flatten()
        elif len(outside):
            factor = _factor(inverse[outside][:, outside])
            price = torch.cholesky_solve(unconstrained[row, outside].unsqueeze(1), factor).flatten()
            moved = unconstrained[row] - price @ inverse[outside]
            solution[row, inside] = moved[inside]
        else:
            solution[row] = unconstrained[row]
    return solution


def _conjugate_gradients(system: Tensor, right: Tensor, start: Tensor, keep: Tensor) -> Tensor:
    """Conjugate gradients on every row's support, preconditioned by the diagonal."""
    scale = 1 / system.diagonal()
    solution = start * keep
    left = (right - solution @ system) * keep
    ahead = left * scale
    goal = _CLOSE * (right * keep).square().sum(1).clamp(min=1e-300)
    size = (left * ahead).sum(1, keepdim=True)
    for _ in range(_ROUNDS):
        if bool((left.square().sum(1) <= goal).all()):
            break
        product = (ahead @ system) * keep
        curve = (ahead * product).sum(1, keepdim=True)
        step = torch.where(curve > 0, size / curve.clamp(min=1e-300), 0.0)
        solution = solution + step * ahead
        left = left - step * product
        after = left * scale
        new = (left * after).sum(1, keepdim=True)
        ahead = after + torch.where(size > 0, new / size.clamp(min=1e-300), 0.0) * ahead
        size = new
    return solution


def _factor(system: Tensor) -> Tensor:
    """Cholesky; a matrix that rounding left indefinite is damped until it factors."""
    damping = 1e-10 * float(system.diagonal().mean())
    eye = torch.eye(len(system), dtype=system.dtype)
    for attempt in range(_DAMPINGS):
        damped = system if attempt == 0 else system + damping * 100.0 ** (attempt - 1) * eye
        factor: Tensor
        factor, failed = torch.linalg.cholesky_ex(damped)
        if not int(failed):
            return factor
    raise CannotPrune(
        "Expected second moments that can be factored for a refit, but these cannot. Use more "
        "calibration samples, or recovery none."
    )
