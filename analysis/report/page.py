"""A report as one HTML file that needs nothing else: no server, no network, no font. Torch-free.

Its own policy (``Content-Security-Policy``) forbids every request, and every script but the two
that it contains, by their hashes: a name that slipped through the escapes would not run.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Final

from plotly.offline import get_plotlyjs

from prunescope.report.figures import (
    Chart,
    curve_charts,
    delivered_charts,
    schedule_charts,
    training_chart,
)
from prunescope.report.markup import text
from prunescope.report.page_style import SCRIPT, SHEET
from prunescope.report.plan_report import PlanReport
from prunescope.report.sections import all_sections
from prunescope.store.folder import StudyFolder
from prunescope.text.scores import words_of

MARK: Final = "prunescope-report"
"""Stands in everything that a report writes, so that a later one may replace it."""


def page(report: PlanReport, study: StudyFolder) -> str:
    """Return the report as HTML.

    Args:
        report: What it says.
        study: Whose curves are drawn.
    """
    drawn, left_out = curve_charts(study, report.plan)
    words, baseline = words_of(report.manifest), report.manifest.baseline
    training = [training_chart(report.tuned, words)] if report.tuned else []
    dense = baseline.score if baseline else None
    training += schedule_charts(report.schedules, report.manifest.macs, dense, words)
    ways = delivered_charts(report.delivered, dense, words)
    charts = _places(drawn, 0)
    tuned = _places(training, len(drawn))
    fronts = _places(ways, len(drawn) + len(training))
    body = "".join(all_sections(report, charts, left_out, tuned, fronts))
    library = _script(get_plotlyjs())
    own = _script(SCRIPT)
    policy = (
        "default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
        f"script-src {_hash(library)} {_hash(own)}; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="generator" content="{MARK}">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(report.title)}</title><style>{SHEET}</style></head>"
        f"<body><main>{body}<footer>One file, nothing is loaded from elsewhere. The same numbers "
        "are in the JSON and CSV files beside it.</footer></main>"
        f'<script type="application/json" id="charts">{_data([*drawn, *training, *ways])}</script>'
        f"<script>{library}</script><script>{own}</script></body></html>\n"
    )


def _places(charts: Sequence[Chart], first: int) -> str:
    """Where the charts are drawn: their titles, and an empty element for each."""
    if not charts:
        return ""
    inside = "".join(
        f"<div class=chart><h3>{text(chart.title)}</h3><div id=chart-{first + place}></div></div>"
        for place, chart in enumerate(charts)
    )
    return f"<div class=charts>{inside}</div>"


def _data(charts: Sequence[Chart]) -> str:
    """JSON that ends no script early, whatever names stand in it."""
    plain = [{"light": chart.light, "dark": chart.dark} for chart in charts]
    return json.dumps(plain).replace("<", "\\u003c").replace("&", "\\u0026")


def _script(source: str) -> str:
    """A script that stands in a page: nothing in it ends it early."""
    return source.replace("</script", "<\\/script")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
