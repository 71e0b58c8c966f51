"""One training step: what an optimizer does to the weights that stay, in the bits asked for."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from prunescope.bench.device import device_of
from prunescope.capture.network import forward
from prunescope.errors import BadValue, DataMismatch
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.objective import Objective
from prunescope.recovery.training.optimizers import (
    fits_optimizer,
    make_optimizer,
    optimizer_tensors,
    restore_optimizer,
)
from prunescope.recovery.training.training_batch import Batch
from prunescope.user_code.guard import guarded

_OPTIMIZER: Final = "optimizer."
_SCALE: Final = "scale"
_HALF: Final = (torch.bfloat16, torch.float16)


def require_amp(settings: FineTuning, device: torch.device) -> None:
    """Raise ``BadValue`` where ``device`` cannot train in what the settings ask for."""
    if settings.amp == "fp16" and device.type != "cuda":
        raise BadValue(
            f"Expected amp fp16 on a device that trains in float16, but got {device.type}. Take "
            "bf16, or leave it off."
        )


class TrainingStep:
    """Takes steps on a module, in place; its state is the optimizer's and float16's scale."""

    def __init__(
        self,
        module: nn.Module,
        masks: Mapping[str, Tensor],
        objective: Objective,
        settings: FineTuning,
    ) -> None:
        """Begin, with no step taken.

        Args:
            module: Trained in place.
            masks: Parameter name → bool like it, True = keep.
            objective: Loss of outputs and their batch.
            settings: See ``FineTuning``.
        """
        self._module, self._objective, self._settings = module, objective, settings
        weights = {name: module.get_parameter(name) for name in masks}
        self._masked = [(weights[n], keep.to(weights[n].device)) for n, keep in masks.items()]
        self._optimizer = make_optimizer(module, settings)
        self._device = device_of(module)
        half = settings.amp == "fp16"
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=half)

    def descend(self, learner: nn.Module, batches: list[Batch], rate: float) -> Tensor:
        """Take one step on ``batches``, whose gradients are averaged by samples; return its loss.

        Removed weights have no gradient, and are set to 0 after the step: whatever an optimizer
        adds by itself (decay, momentum of before), they stay exactly 0.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad()
        count = sum(map(len, batches))
        losses = []
        for batch in batches:
            with guarded(
                f"the model to train on a batch of {len(batch)} samples",
                "Check that it runs, and has gradients, in training mode.",
                DataMismatch,
                "training",
            ):
                with self._coarser():
                    outputs = forward(learner, batch.inputs)
                loss = self._objective(self._full(outputs), batch) * (len(batch) / count)
                self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            losses.append(loss.detach())
        self._scaler.unscale_(self._optimizer)  # so that clipping sees gradients as they are
        with torch.no_grad():
            for weight, keep in self._masked:
                if weight.grad is not None:
                    weight.grad.masked_fill_(~keep, 0.0)
        if self._settings.clip is not None:
            torch.nn.utils.clip_grad_norm_(self._module.parameters(), self._settings.clip)
        self._scaler.step(self._optimizer)  # float16 skips a step whose gradients overflowed
        self._scaler.update()
        with torch.no_grad():
            for weight, keep in self._masked:
                weight.masked_fill_(~keep, 0.0)
        return torch.stack(losses).sum()

    def state(self) -> dict[str, Tensor]:
        """Return what later steps need of these: ``optimizer.…``, and for float16 ``scale``."""
        tensors = optimizer_tensors(self._optimizer)
        return {_OPTIMIZER + name: tensor for name, tensor in tensors.items()} | self.scale()

    def scale(self) -> dict[str, Tensor]:
        """Return what float16's losses are multiplied by, and for how many steps that went well."""
        if not self._scaler.is_enabled():
            return {}
        state = self._scaler.state_dict()
        numbers = [float(state["scale"]), float(state["_growth_tracker"])]
        return {_SCALE: torch.tensor(numbers, dtype=torch.float64)}

    def fits(self, tensors: Mapping[str, Tensor]) -> bool:
        """Return whether the optimizer's part of ``tensors`` is of one like this."""
        return fits_optimizer(self._optimizer, _of_optimizer(tensors))

    def go_on(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from ``tensors``, which fit, as ``state`` returned them."""
        restore_optimizer(self._optimizer, _of_optimizer(tensors))
        if self._scaler.is_enabled():
            scale, growing = tensors[_SCALE].tolist()
            known = {"scale": scale, "_growth_tracker": int(growing)}
            self._scaler.load_state_dict(self._scaler.state_dict() | known)

    def _coarser(self) -> AbstractContextManager[Any]:
        """Half of the bits where the settings ask for it and torch deems it safe."""
        amp = self._settings.amp
        kind = torch.float16 if amp == "fp16" else torch.bfloat16
        return torch.autocast(self._device.type, kind, enabled=amp != "off")

    def _full(self, outputs: Any) -> Any:
        """Outputs in float32, in which losses are computed."""
        if self._settings.amp == "off":
            return outputs
        return pytree.tree_map(
            lambda x: x.float() if isinstance(x, Tensor) and x.dtype in _HALF else x,
            outputs,
        )


def _of_optimizer(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(_OPTIMIZER): tensor
        for name, tensor in tensors.items()
        if name.startswith(_OPTIMIZER)
    }
