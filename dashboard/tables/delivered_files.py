"""An export's offered files as a table: what each scores, weighs and takes. No Streamlit."""

import pandas as pd

from prunescope.export.export_report import ExportReport, FormatCheck
from prunescope.export.formats.registry import export_formats
from prunescope.text import plain, units


def delivered_files(report: ExportReport) -> pd.DataFrame:
    """Return a row for each offered file that was run: numbers, score, bytes and time.

    Args:
        report: Of an export; formats whose file was not run through the validation split, or that
            were written before scores were noted, are left out.
    """
    rows = [_row(entry) for entry in report.formats if entry.ok and entry.score is not None]
    return pd.DataFrame(rows)


def _row(entry: FormatCheck) -> dict[str, str]:
    kinds = {kind.name: kind for kind in export_formats()}
    rounding = kinds[entry.format].rounding if entry.format in kinds else ""
    seconds = entry.seconds_per_sample
    return {
        "Model": f"pruned + {rounding}" if rounding else "pruned",
        "File": plain.text(entry.file),
        "Validation score": entry.score_in_words,
        "Bytes": units.bytes_(entry.bytes),
        "Zipped": units.bytes_(entry.compressed_bytes),
        "One sample": "–" if seconds is None else f"{seconds * 1e3:.3g} ms",
    }
