"""Let a study keep its captured network, so that no later job needs the model's own code."""

import logging
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from prunescope.bench.fingerprint import network_parts
from prunescope.bench.placement import in_main_memory
from prunescope.bench.workbench import Workbench
from prunescope.capture.graph import captured_program
from prunescope.capture.network import Network, network_of
from prunescope.capture.tied_weights import ties
from prunescope.errors import PrunescopeError
from prunescope.sources.program_file import write_program
from prunescope.sources.pt2 import read_program
from prunescope.store.files import storage
from prunescope.store.folder import StudyFolder
from prunescope.store.locks import merge_lock
from prunescope.store.read_only import read_only
from prunescope.store.study_files import own_file
from prunescope.text.lists import listed

NETWORK: Final = "network.pt2"
"""Name of the file where the model has no other."""

log = logging.getLogger(__name__)


def keep_network(study: StudyFolder, bench: Workbench, name: str = NETWORK) -> StudyFolder:
    """Return ``study`` with the captured network of ``bench`` in its folder, once.

    What was kept before stays as it is. A network that is another once it is read again is not
    kept; the manifest then says why.

    Args:
        study: About the same network.
        bench: Its weights are dense at present.
        name: Of the file.
    """
    known = study.manifest
    if bench.network.captured is None or read_only() or known.not_kept:
        return study
    own = known.reference.own_network
    if own is not None and own.within(study.folder).is_file():
        return study
    with merge_lock(study.folder):  # of two sweeps that begin a study at once, the first writes
        study = StudyFolder.open(study.folder)
        own = study.manifest.reference.own_network
        if own is not None and own.within(study.folder).is_file():
            return study
        with (
            storage(study.folder),
            tempfile.TemporaryDirectory(prefix=".writing-", dir=study.folder) as aside,
        ):
            written, path = Path(aside) / name, study.folder / name
            with in_main_memory(bench.network) as network:
                problem = write_network(network, written)
            if problem is not None:
                log.warning("%s", problem)
                return study.update(replace(study.manifest, not_kept=problem))
            written.replace(path)
        reference = replace(study.manifest.reference, own_network=own_file(path))
        return study.update(replace(study.manifest, reference=reference))


def as_kept(bench: Workbench, study: StudyFolder) -> Workbench:
    """Return ``bench`` with the study's own reference in its manifest: recipes name it."""
    return replace(bench, manifest=replace(bench.manifest, reference=study.manifest.reference))


def write_network(network: Network, path: Path) -> str | None:
    """Write the captured network to ``path`` and read it back; return why it is another, if it is.

    Bits of all tensors, names and operators are compared, so its outputs are the same too.
    """
    captured = network.captured
    if captured is None or captured.program is None:
        return _refusal("it was not captured from a model")
    try:
        write_program(captured.program, path)
        program = captured_program(read_program(path), captured.example)
        again = network_of(program, outputs=network.outputs)
    except PrunescopeError as error:
        return _refusal(str(error))
    except Exception as error:  # noqa: BLE001 - whatever torch's writer makes of a graph
        return _refusal(" ".join(str(error).split())[:200] or type(error).__name__)
    own, other = network_parts(network), network_parts(again)
    differ = [part for part in own if own[part] != other[part]]
    differ += ["shared weights"] * (ties(network.module) != ties(again.module))
    return _refusal(f"its {listed(differ)} differ once it is read again") if differ else None


def _refusal(reason: str) -> str:
    return (
        f"The study does not keep its network, because {reason.rstrip('.')}. Later jobs load the "
        "model as it was named."
    )
