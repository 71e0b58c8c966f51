"""A model card for the exported files: Markdown with Hugging Face's front matter. Torch-free."""

import json
import re
from collections.abc import Iterator

from prunescope.report.page import MARK
from prunescope.report.plan_report import PlanReport
from prunescope.text import plain, units
from prunescope.text.scores import words_of


def model_card(report: PlanReport) -> str:
    """Return the card, ready to be renamed ``README.md`` beside the files."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: PlanReport) -> Iterator[str]:
    yield from _front_matter(report)
    yield f"<!-- {MARK} -->"
    yield f"# {plain.text(report.title)}"
    yield ""
    model, data = report.manifest.reference.model, report.manifest.reference.data
    yield (
        f"{plain.code(model)}, pruned by Prunescope as the plan {plain.code(report.plan.name)} "
        f"says. Data: {plain.code(data)}."
    )
    yield ""
    yield "## Numbers"
    yield ""
    columns = report.columns
    yield f"| | {' | '.join(plain.text(name) for name in columns)} |"
    yield f"|---{'|---:' * len(columns)}|"
    for row in report.rows:
        cells = [_cell(row.values[name].text) if name in row.values else "–" for name in columns]
        yield f"| {_cell(row.name)} | {' | '.join(cells)} |"
    yield ""
    files = [(export, entry) for export in report.exports for entry in export.formats if entry.ok]
    if files:
        yield "## Files"
        yield ""
        yield "| file | weights | bytes | score |"
        yield "|---|---|---:|---:|"
        for export, entry in files:
            score = "–" if entry.score is None else words_of(report.manifest).score(entry.score)
            weights = "fine-tuned" if export.recovered else "pruned"
            yield (f"| {_cell(entry.file)} | {weights} | {units.bytes_(entry.bytes)} | {score} |")
        yield ""
        yield "`load.py` beside them shows how each is loaded; `recipe.json` says what was removed."
        yield ""
    yield "## Provenance"
    yield ""
    for name, value in report.provenance.items():
        yield f"- {plain.text(name)}: {plain.text(value)}"
    yield ""
    yield "## Licence"
    yield ""
    for sentence in report.licences:
        yield f"- {plain.text(sentence)}"


def _front_matter(report: PlanReport) -> Iterator[str]:
    """YAML, of which JSON is a part: texts are quoted as JSON quotes them."""
    reference = report.manifest.reference
    sample = reference.model.startswith("sample:")
    formats = {entry.format for export in report.exports for entry in export.formats if entry.ok}
    onnx = any(name.startswith("onnx") for name in formats)
    yield "---"
    yield f"license: {'mit' if sample else 'other'}"
    yield f"base_model: {_quoted(reference.model)}" if not sample else "library_name: pytorch"
    yield "tags:"
    yield "- pruning"
    yield "- prunescope"
    if onnx:
        yield "- onnx"
    metric = reference.metric.rpartition(":")[2]
    results = [row for row in report.rows if row.unit == "score" and row.name.startswith(metric)]
    if results:
        yield "model-index:"
        yield f"- name: {_quoted(report.title)}"
        yield "  results:"
        for row in results:
            number = row.values.get("fine-tuned") or row.values.get("pruned")
            if number is None:
                continue
            split = "test" if "test" in row.name else "validation"
            yield "  - task:"
            yield "      type: other"
            yield "    dataset:"
            yield f"      name: {_quoted(reference.data)}"
            yield f"      type: {_quoted(reference.data)}"
            yield f"      split: {split}"
            yield "    metrics:"
            yield f"    - type: {_quoted(metric)}"
            yield f"      value: {number.value:.6g}"
    yield "---"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=True)


def _cell(value: str) -> str:
    """Text in a table, where a bar would end the cell."""
    return re.sub(r"^(\d+)\\\.", r"\1.", plain.text(value))  # a number begins no list here
