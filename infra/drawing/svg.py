"""The shapes of both pictures. Lengths are pixels. A page shows a picture at about two thirds of its width."""

import re
from textwrap import wrap
from xml.sax.saxutils import escape

INK, PALE, LINE = "#1f2933", "#616e7c", "#9aa5b1"


class Picture:
    """A picture that shapes are added to. It has its own white background, so that it is readable on a dark page too."""

    def __init__(self, width, height, title):
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'role="img" font-family="DejaVu Sans, Verdana, sans-serif">\n<title>{escape(title)}</title>\n'
            '<defs><marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
            f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{PALE}"/></marker></defs>\n'
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
        )
        self._shapes = []

    def box(self, x, y, width, height, fill="#ffffff", stroke=LINE, radius=6, dashed=False):
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self._shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="{fill}" '
            f'stroke="{stroke}"{dash}/>'
        )

    def text(self, x, y, words, size=12, fill=INK, bold=False, anchor="start", halo=False):
        weight = ' font-weight="bold"' if bold else ""
        if halo:
            # A box, because not every viewer draws a text's outline behind it.
            width = len(words) * size * 0.66
            left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
            self.box(left, y - size, width, size * 1.3, stroke="none", radius=0)
        self._shapes.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" fill="{fill}" text-anchor="{anchor}"{weight}>{escape(words)}</text>'
        )

    def line(self, points, stroke=PALE, width=1.5, arrow=False, dashed=False):
        path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
        tip = ' marker-end="url(#tip)"' if arrow else ""
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self._shapes.append(f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width:g}"{tip}{dash}/>')

    def dot(self, x, y, radius, fill):
        self._shapes.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}"/>')

    def finish(self):
        return "\n".join([self._head, *self._shapes, "</svg>"]) + "\n"


def fitted(words, size, width):
    """`words`, cut with an ellipsis if they are wider than `width` in DejaVu Sans (0.62 em for a letter, on average)."""
    most = max(int(width / (size * 0.62)), 1)
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def sentences(words, size, width, lines):
    """The lines of the first sentences of `words` that fit into `lines` lines of `width`. It never leaves out the first sentence."""
    most, kept = int(width / (size * 0.58)), []
    # Keep a number and its unit on one line.
    words = re.sub(r"(\d) s\b", "\\1\u00a0s", words)
    for sentence in words.replace(". ", ".\n").splitlines():
        longer = wrap(" ".join([*kept, sentence]), most)
        if kept and len(longer) > lines:
            break
        kept.append(sentence)
    return wrap(" ".join(kept), most)
