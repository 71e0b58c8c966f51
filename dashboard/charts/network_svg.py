"""A network as a picture: sensitivity as colour, MACs as height, what the plan removes as hatching.

Plain SVG that any browser and drawing program shows, with every colour in it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from prunescope.charts.colours import DARK_SCALE, LIGHT_SCALE, palette
from prunescope.dashboard.charts.network_layout import TALLEST, WIDTH, Card, Layout, Placed
from prunescope.dashboard.charts.network_nodes import NetworkNode

_LEGEND: Final = 34.0
_LETTERS: Final = 13
_DARK: Final = ("#E8ECF1", "#7C8896", "#14181D")
_LIGHT: Final = ("#1B2430", "#7A8592", "#FFFFFF")
_SIGNS: Final = {"add": "+", "cat": "‖", "mul": "×", "sub": "−", "matmul": "·"}


@dataclass(frozen=True)
class LayerLook:
    """How a layer is drawn.

    Attributes:
        level: Sensitivity from 0 to 1; None where nothing is measured.
        macs: Share of the network's multiply-accumulates.
        removed: Share of its weights that the plan zeroes or takes away.
        group: Number of the group that it shares with other producers; None where it is alone.
        said: All of it in words.
    """

    level: float | None
    macs: float
    removed: float
    group: int | None
    said: str


def network_svg(
    nodes: Sequence[NetworkNode],
    layout: Layout,
    looks: Mapping[str, LayerLook],
    chosen: str | None,
    scale: str,
    dark: bool,
) -> str:
    """Return the picture.

    Args:
        nodes: As from ``network_nodes``.
        layout: Of them.
        looks: Layer → how it is drawn.
        chosen: The layer that the page is about.
        scale: What the colours say, as the legend writes it.
        dark: Whether the page is dark.
    """
    ink, quiet, paper = _DARK if dark else _LIGHT
    colours = DARK_SCALE if dark else LIGHT_SCALE
    heights = {name: _height(look.macs, looks) for name, look in looks.items()}
    parts = [_card(card, layout, ink, quiet) for card in layout.cards]
    parts += _edges(nodes, layout, heights, quiet)
    for node, place in zip(nodes, layout.nodes, strict=True):
        if node.layer:
            look, tall = looks[node.name], heights[node.name]
            parts.append(_layer(node, place, look, tall, node.name == chosen, ink, colours, dark))
        else:
            parts.append(_meeting(node, place, ink, paper))
    height = layout.height + _LEGEND
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}" '
        f'width="{WIDTH:g}" height="{height:g}" font-family="sans-serif" font-size="11" '
        f'role="group" aria-label="The network">'
        f'{_hatching(ink, paper)}<rect width="100%" height="100%" fill="{paper}"/>'
        f"{''.join(parts)}{_legend(layout.height, scale, colours, ink, dark)}</svg>"
    )


def _height(macs: float, looks: Mapping[str, LayerLook]) -> float:
    """Of a box: its area follows the multiply-accumulates, the largest layer's being whole."""
    largest = max((look.macs for look in looks.values()), default=0.0) or 1.0
    return max(TALLEST * math.sqrt(macs / largest), 8.0)


def _card(card: Card, layout: Layout, ink: str, quiet: str) -> str:
    top = card.row * layout.row_height + 6
    room = int((card.width - 14) / 6.6)
    title = card.title if len(card.title) <= room else f"…{card.title[1 - room :]}"
    return (
        f'<rect x="{card.x:.1f}" y="{top:.1f}" width="{card.width:.1f}" '
        f'height="{layout.row_height - 14:.1f}" rx="7" fill="none" stroke="{quiet}" '
        f'stroke-opacity="0.35"/>'
        f'<text x="{card.x + 8:.1f}" y="{top + 14:.1f}" fill="{ink}" font-weight="600">'
        f"{escape(title)}</text>"
    )


def _edges(
    nodes: Sequence[NetworkNode], layout: Layout, heights: Mapping[str, float], quiet: str
) -> list[str]:
    drawn = []
    for place, node in enumerate(nodes):
        here = layout.nodes[place]
        for source in node.reads:
            there = layout.nodes[source]
            path = _path(there, here, place - source, heights.get(nodes[source].name, 16.0),
                         heights.get(node.name, 16.0), layout)  # fmt: skip
            drawn.append(f'<path d="{path}" fill="none" stroke="{quiet}" stroke-width="1.4"/>')
    return drawn


def _path(
    there: Placed, here: Placed, steps: int, tall_there: float, tall_here: float, layout: Layout
) -> str:
    """A straight line to the neighbour, an arc over others, and along the gutter to other rows."""
    if there.row == here.row and steps == 1:
        return f"M{there.x + there.width / 2:.1f} {there.y:.1f}H{here.x - here.width / 2:.1f}"
    if there.row == here.row:
        start, end = there.y - tall_there / 2, here.y - tall_here / 2
        top = here.y - TALLEST / 2 - min(8 + 3 * steps, 26)
        return (
            f"M{there.x:.1f} {start:.1f}C{there.x:.1f} {top:.1f} {here.x:.1f} {top:.1f} "
            f"{here.x:.1f} {end:.1f}"
        )
    gutter = (there.row + 1) * layout.row_height - 1
    side = here.x - here.width / 2 - 7
    return (
        f"M{there.x + there.width / 2:.1f} {there.y:.1f}h4V{gutter:.1f}H{side:.1f}V{here.y:.1f}"
        f"H{here.x - here.width / 2:.1f}"
    )


def _layer(
    node: NetworkNode, place: Placed, look: LayerLook, tall: float, chosen: bool, ink: str,
    colours: Sequence[str], dark: bool,
) -> str:  # fmt: skip
    fill = "none" if look.level is None else colours[round(look.level * (len(colours) - 1))]
    outline = ink if look.group is None else palette(dark)[look.group % 10]
    thick = 3.2 if chosen else 2.4 if look.group is not None else 0.9
    left, top = place.x - place.width / 2, place.y - tall / 2
    gone = tall * look.removed
    name = node.name.removeprefix(f"{node.block}.") if node.block else node.name
    short = name if len(name) <= _LETTERS else f"…{name[1 - _LETTERS :]}"
    weight = "700" if chosen else "400"
    label = (
        f'<text x="{place.x:.1f}" y="{place.y + TALLEST / 2 + 16:.1f}" text-anchor="middle" '
        f'fill="{ink}" font-weight="{weight}">{escape(short)}</text>'
        if place.named
        else ""
    )
    mark = (
        f'<path d="M{place.x - 5:.1f} {place.y + TALLEST / 2 + 27:.1f}h10l-5 -6z" fill="{ink}"/>'
        if chosen
        else ""
    )
    box = f'x="{left:.1f}" width="{place.width:.1f}" rx="2"'
    return (
        f'<g class="layer" data-name="{escape(node.name)}"><title>{escape(look.said)}</title>'
        f'<rect {box} y="{top:.1f}" height="{tall:.1f}" fill="{fill}" stroke="{outline}" '
        f'stroke-width="{thick}" pointer-events="all"/>'
        f'<rect {box} y="{top + tall - gone:.1f}" height="{gone:.1f}" fill="url(#gone)"/>'
        f"{label}{mark}</g>"
    )


def _meeting(node: NetworkNode, place: Placed, ink: str, paper: str) -> str:
    """A sign in a circle, or a word at the ends."""
    if node.name in ("input", "output"):
        return (
            f'<text x="{place.x:.1f}" y="{place.y + 4:.1f}" text-anchor="middle" fill="{ink}">'
            f"{node.name}</text>"
        )
    radius = 8 if place.width > 12 else 4
    sign = _SIGNS.get(node.name, "")
    return (
        f'<g><title>{escape(node.name)}</title><circle cx="{place.x:.1f}" cy="{place.y:.1f}" '
        f'r="{radius}" fill="{paper}" stroke="{ink}"/>'
        + (
            f'<text x="{place.x:.1f}" y="{place.y + 4:.1f}" text-anchor="middle" fill="{ink}">'
            f"{sign}</text>"
            if radius > 4
            else ""
        )
        + "</g>"
    )


def _hatching(ink: str, paper: str) -> str:
    return (
        '<defs><pattern id="gone" width="5" height="5" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="5" height="5" fill="{paper}" '
        f'fill-opacity="0.85"/><rect width="1.6" height="5" fill="{ink}"/></pattern>'
        "</defs>"
    )


def _legend(top: float, scale: str, colours: Sequence[str], ink: str, dark: bool) -> str:
    y = top + 14
    cells = "".join(
        f'<rect x="{8 + 10 * place}" y="{y - 9:.1f}" width="10" height="12" fill="{colour}"/>'
        for place, colour in enumerate(colours)
    )
    said = [
        (118, f"{scale}; empty where not measured"),
        (520, "removed by the plan"), (680, "height: MACs"),
        (790, "coloured outline: layers whose outputs leave together"),
    ]  # fmt: skip
    texts = "".join(
        f'<text x="{x}" y="{y + 1:.1f}" fill="{ink}">{escape(text)}</text>' for x, text in said
    )
    hatch = (
        f'<rect x="498" y="{y - 9:.1f}" width="16" height="12" fill="url(#gone)" stroke="{ink}"/>'
    )
    outline = (
        f'<rect x="770" y="{y - 8:.1f}" width="14" height="10" fill="none" '
        f'stroke="{palette(dark)[0]}" stroke-width="2.4"/>'
    )
    return cells + texts + hatch + outline
