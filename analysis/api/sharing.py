"""Whom a sweep shares its points with: a store, and a Ray cluster's workers. Torch-free."""

from dataclasses import dataclass

from prunescope.commands import next_steps
from prunescope.errors import BadValue
from prunescope.object_store.address import checked_store
from prunescope.study.bounds import THREADS, WORKERS
from prunescope.study.computations import PROCESSOR


@dataclass(frozen=True)
class Sharing:
    """Whom a sweep shares its points with; by default nobody.

    Attributes:
        store: Address of the store, such as ``s3://bucket/study``; None for none.
        ray: Address of a Ray cluster, ``local`` for one on this machine; None for none.
        workers: Of the cluster; 0 for as many as there is room for.
        threads: Of each worker; 0 for its share of this machine, one elsewhere.
        device: That the workers compute on.

    Raises:
        BadValue: A cluster without a store, or workers without a cluster.
    """

    store: str | None = None
    ray: str | None = None
    workers: int = 0
    threads: int = 0
    device: str = PROCESSOR

    def __post_init__(self) -> None:
        if self.store is not None:
            object.__setattr__(self, "store", checked_store(self.store))
        WORKERS.checked(self.workers)
        THREADS.checked(self.threads)
        if self.ray is not None and (self.store is None or self.store.startswith("memory:")):
            raise BadValue(
                f"Expected a store that all of Ray's workers reach, but got {self.store}. Add "
                f"{next_steps.another_store()}, or {next_steps.another_store('file:///FOLDER')} on "
                "one machine or one disk."
            )
        if self.workers and self.ray is None:
            raise BadValue(
                f"Expected workers only on a Ray cluster, but got {self.workers} without one. Add "
                f"{next_steps.on_ray()} for workers on this machine."
            )
