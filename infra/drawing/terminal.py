"""Draws docs/demo.svg from the output of `make demo`: the table, the infected file's execution, and the last line.

    make demo | python3 infra/drawing/terminal.py > docs/demo.svg
"""

import re
import sys
from xml.sax.saxutils import escape

SIZE, LEADING, PAD, WIDTH = 13, 19, 16, 900
COLOURS = {"COMPLETED": "#7ee787", "SUCCEEDED": "#7ee787", "REJECTED": "#e3b341", "FAILED": "#ff7b72"}


def chosen(lines):
    """The lines of the picture."""
    start = next(at for at, line in enumerate(lines) if line.startswith("object "))
    end = next(at for at in range(start, len(lines)) if not lines[at].strip())
    infected = next(at for at in range(end, len(lines)) if lines[at].startswith("Execution") and "infected" in lines[at])
    rest = [line for line in lines[infected:] if line.strip()]
    return ["$ make demo", *lines[start:end], "", *rest[:-1], "", rest[-1]]


def line_of(number, words):
    y = PAD + SIZE + number * LEADING
    for word, colour in COLOURS.items():
        found = re.search(rf"\b{word}\b", words)
        if found:
            before, after = words[: found.start()], words[found.end() :]
            spans = f'{escape(before)}<tspan fill="{colour}">{word}</tspan>{escape(after)}'
            break
    else:
        spans = escape(words)
    return f'<text x="{PAD}" y="{y}" xml:space="preserve">{spans}</text>'


def main():
    lines = chosen([line.rstrip() for line in sys.stdin])
    most = int((WIDTH - 2 * PAD) / (SIZE * 0.61))
    lines = [line if len(line) <= most else line[: most - 1] + "…" for line in lines]
    height = 2 * PAD + len(lines) * LEADING
    print(
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}" fill="#e6edf3">\n'
        "<title>What make demo prints</title>\n"
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#161b22"/>'
    )
    print("\n".join(line_of(number, words) for number, words in enumerate(lines)))
    print("</svg>")


if __name__ == "__main__":
    main()
