"""A crew of Ray actors: the one file that knows Ray.

An actor holds the network and measures one part after another. Ray restarts nothing by itself:
``deal_parts`` starts another actor for one that died, and gives it the part again.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

from prunescope.commands import next_steps
from prunescope.errors import BadReference, BadValue, PrunescopeError
from prunescope.ray_workers.deal_parts import Death

if TYPE_CHECKING:
    from types import ModuleType

LOCAL: Final = "local"
"""The address of a cluster that is started on this machine and ends with the command."""

_FAREWELL: Final = 5.0
"""Seconds that workers have for their last steps."""

Settings = TypeVar("Settings")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class PartWorker(Protocol[Result_co]):
    """What an actor is made of: a class that can be imported on every machine."""

    def measure(self, part: str, again: bool) -> Result_co | PrunescopeError:
        """Do one part."""

    def close(self) -> None:
        """Leave nothing behind."""


@dataclass(frozen=True)
class Share:
    """What one worker is given of a machine.

    Attributes:
        threads: Processors.
        gpus: Devices.
    """

    threads: int = 1
    gpus: int = 0


@contextlib.contextmanager
def connected(address: str, workers: int, share: Share) -> "Iterator[tuple[ModuleType, int]]":
    """Connect to the Ray cluster at ``address`` and yield Ray and how many workers it has room for.

    Args:
        address: ``local`` for a cluster of this machine's own, ``auto``, ``HOST:PORT`` or
            ``ray://HOST:PORT``.
        workers: As many as are wanted; 0 for as many as there is room for.
        share: Of each.

    Raises:
        BadReference: Ray is not installed, or there is no cluster.
        BadValue: The cluster has no room for one worker.
    """
    ray = _ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        if address == LOCAL:
            wanted = (workers or max((os.cpu_count() or 1) // share.threads, 1)) * share.threads
            ray.init(address="local", num_cpus=wanted, include_dashboard=False,
                     log_to_driver=False, logging_level="error")  # fmt: skip
        else:
            ray.init(address=address, log_to_driver=False, logging_level="error")
    except Exception as error:  # Ray's own kinds, ConnectionError and RuntimeError among them
        text = " ".join(str(error).split())[:200].rstrip(".")
        raise BadReference(
            f"Expected a Ray cluster at {address}, but got: {text}. Start one with ray start, or "
            f"give {next_steps.on_ray()} for workers on this machine."
        ) from error
    try:
        there = ray.cluster_resources()
        room = int(there.get("CPU", 0)) // share.threads
        if share.gpus:
            room = min(room, int(there.get("GPU", 0)) // share.gpus)
        if not room:
            raise BadValue(
                f"Expected room for a worker with {share.threads} CPUs and {share.gpus} GPUs in "
                f"the Ray cluster at {address}, but it has {there.get('CPU', 0):g} and "
                f"{there.get('GPU', 0):g}. Ask for less by "
                f"{next_steps.sweep_options('threads', 'device')}."
            )
        yield ray, min(workers or room, room)
    finally:
        ray.shutdown()


class RayCrew(Generic[Settings, Result]):
    """Actors of one class; see ``deal_parts.Crew``."""

    def __init__(
        self, ray: "ModuleType", kind: Callable[[Settings], PartWorker[Result]], settings: Settings,
        share: Share,
    ) -> None:  # fmt: skip
        self._ray, self._settings = ray, settings
        self._actor = ray.remote(num_cpus=share.threads, num_gpus=share.gpus, max_restarts=0)(kind)
        self._actors: list[Any] = []
        self._pending: dict[Any, int] = {}

    def hire(self) -> int:
        """Start one more worker and return its number."""
        self._actors.append(self._actor.remote(self._settings))
        return len(self._actors) - 1

    def give(self, worker: int, part: str, again: bool) -> None:
        """Let ``worker`` begin with ``part``, ``again`` where another had begun with it."""
        self._pending[self._actors[worker].measure.remote(part, again)] = worker

    def wait(self, seconds: float) -> list[tuple[int, Result | Death | PrunescopeError]]:
        """Return what became of workers that have ended a part, after ``seconds`` at most."""
        errors = self._ray.exceptions
        done, _ = self._ray.wait(list(self._pending), num_returns=1, timeout=seconds)
        outcomes: list[tuple[int, Result | Death | PrunescopeError]] = []
        for reference in done:
            worker = self._pending.pop(reference)
            try:
                outcomes.append((worker, self._ray.get(reference)))
            except errors.RayTaskError as error:
                cause = error.cause
                if isinstance(cause, PrunescopeError):
                    raise type(cause)(*cause.args) from error
                raise
            except errors.RayError as error:  # the process, its node or the way to it
                outcomes.append((worker, Death(str(error).replace("\n", " "))))
        return outcomes

    def dismiss(self) -> None:
        """Let the workers that wait for a part leave; those that are at one are ended with Ray."""
        idle = set(range(len(self._actors))) - set(self._pending.values())
        last = [self._actors[worker].close.remote() for worker in idle]
        self._ray.wait(last, num_returns=len(last), timeout=_FAREWELL) if last else None


def _ray() -> "ModuleType":
    try:
        import ray
    except ImportError as error:
        raise BadReference(
            "Expected Ray for its workers, but it is not installed. Install it on every machine: "
            "pip install 'prunescope[ray]'; without it, give each machine its part by "
            f"{next_steps.sweep_options('shard')}."
        ) from error
    module: ModuleType = ray
    return module
