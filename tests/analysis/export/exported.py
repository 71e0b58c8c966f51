"""Workbenches on the networks of ``networks.py``, plans for them, and what every export keeps."""

from pathlib import Path

from prunescope.bench.workbench import Workbench, prepare
from prunescope.export.export_report import ExportReport, FormatCheck, read_report
from prunescope.export.formats.registry import export_format
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import vouch
from prunescope.study import Reference
from prunescope.study.plan import Choice, Plan
from tests.analysis.export.networks import TEXT


def opened(
    folder: Path, network: str, data: str, outputs: tuple[str, ...] = ()
) -> tuple[Workbench, StudyFolder]:
    path = folder / "networks.py"
    path.write_text(TEXT)
    reference = Reference(f"{path}:{network}", f"{path}:{data}", outputs=outputs)
    vouch(reference)  # replays in a fresh process run it again
    bench = prepare(reference)
    return bench, StudyFolder.create(folder / "study", bench.manifest)


def mixed(bench: Workbench, recovery: str = "none") -> Plan:
    """Another criterion and sparsity for each layer in turn; ``weight`` granularity."""
    kinds = (("magnitude", 0.5), ("random", 0.31), ("wanda", 0.9))
    layers = enumerate(bench.network.prunable())
    choices = {layer.name: Choice(*kinds[index % 3]) for index, layer in layers}
    return Plan("mixed", bench.manifest.fingerprint, choices, recovery, seed=4)


def assert_kept(report: ExportReport, formats: tuple[str, ...], folder: Path) -> None:
    assert tuple(entry.format for entry in report.formats) == formats
    assert [entry.reason for entry in report.formats] == [None] * len(formats)
    assert report.ok
    assert all(_bytes(entry, folder) == entry.bytes for entry in report.formats)
    assert read_report(folder) == report
    assert not list(folder.glob("*.failed"))
    assert not list(folder.glob(".*"))


def _bytes(entry: FormatCheck, folder: Path) -> int:
    parts = export_format(entry.format).parts
    return sum((folder / name).stat().st_size for name in (entry.file, *parts))
