"""A report's numbers for machines: JSON, all of them, and CSV, the table. Torch-free."""

import csv
import io
import json
import math
from dataclasses import asdict, replace
from typing import Any

from prunescope.report.page import MARK
from prunescope.report.plan_report import PlanReport
from prunescope.text.spreadsheets import cell


def as_json(report: PlanReport) -> str:
    """Return everything that the page says, without pictures; no NaN."""
    changed = report.changed and replace(
        report.changed, shown=tuple(replace(each, picture="") for each in report.changed.shown)
    )
    plain: dict[str, Any] = {
        "kind": MARK,
        "title": report.title,
        "made": report.made,
        "plan": asdict(report.plan),
        "before_after": [asdict(row) for row in report.rows],
        "expected": report.expected,
        "reasons": [asdict(reason) for reason in report.reasons],
        "fine_tuned": report.tuned and asdict(report.tuned),
        "latency": report.latency and asdict(report.latency),
        "exports": [asdict(export) for export in report.exports],
        "changed": changed and asdict(changed),
        "not_measured": report.missing,
        "provenance": dict(report.provenance),
        "licences": report.licences,
    }
    return json.dumps(_finite(plain), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def as_csv(report: PlanReport) -> str:
    """Return the table of before and after, a line for each number."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow([MARK, "row", "model", "value", "low", "high", "unit", "how"])
    for row in report.rows:
        for model, number in row.values.items():
            ends = ["" if end is None else repr(end) for end in (number.low, number.high)]
            lines.writerow(
                [cell(report.plan.name), row.name, model, repr(number.value), *ends, row.unit,
                 row.how]
            )  # fmt: skip
    return written.getvalue()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return value
