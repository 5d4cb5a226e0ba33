"""Draws the dashboard's layout: each widget at its place, with its title and the names of its lines."""

import re

from .svg import INK, LINE, PALE, Picture, fitted

COLUMN, ROW, MARGIN, GAP = 50, 40, 16, 6
TITLE, TEXT, SMALL, LEADING = 16, 14, 13, 19
COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"]


def draw(dashboard):
    widgets = dashboard["widgets"]
    rows = max(widget["y"] + widget["height"] for widget in widgets)
    picture = Picture(24 * COLUMN + 2 * MARGIN, rows * ROW + 2 * MARGIN, "Layout of the CloudWatch dashboard")
    for widget in widgets:
        place = (
            MARGIN + widget["x"] * COLUMN + GAP / 2,
            MARGIN + widget["y"] * ROW + GAP / 2,
            widget["width"] * COLUMN - GAP,
            widget["height"] * ROW - GAP,
        )
        {"text": text, "alarm": alarms, "metric": metric, "log": log}[widget["type"]](picture, place, widget["properties"])
    return picture.finish()


def text(picture, place, properties):
    x, y, width, height = place
    first, *rest = properties["markdown"].split("\n")
    level = len(first) - len(first.lstrip("#"))
    words = first.lstrip("# ").replace("${System}", "cxone-attachments")
    picture.text(x + 4, y + 26, words, 20 if level == 2 else 24, bold=True)
    if rest:
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", rest[0]).replace("`", "")
        picture.text(x + 4, y + 56, plain, TEXT, PALE)
        picture.text(x + width - 4, y + 26, "layout; the lines are only drawn", TEXT, PALE, anchor="end")
    elif level == 2:
        picture.line([(x + 4, y + height), (x + width, y + height)], LINE, 1)


def framed(picture, place, title):
    x, y, width, height = place
    picture.box(x, y, width, height, "#fbfcfd")
    picture.text(x + 10, y + 22, fitted(title, TITLE, width - 20), TITLE, bold=True)


def alarms(picture, place, properties):
    framed(picture, place, properties["title"])
    x, y, width, height = place
    columns = 6
    cell = (width - 16) / columns
    rows = -(-len(properties["alarms"]) // columns)
    step = min((height - 38) / rows, 30)
    for number, arn in enumerate(properties["alarms"]):
        name = arn.rsplit("}-", 1)[-1]
        left, top = x + 8 + number % columns * cell, y + 32 + number // columns * step
        picture.box(left, top, cell - 6, step - 4, "#e3f4e4", "#7bc47f", 3)
        picture.dot(left + 11, top + (step - 4) / 2, 4, "#2f9e44")
        picture.text(left + 20, top + step / 2 + 3, fitted(name, TEXT, cell - 22), TEXT)


def entries(properties):
    """Label, colour and axis of each visible line."""
    shown, previous = [], []
    for metric in properties["metrics"]:
        options = metric[-1] if isinstance(metric[-1], dict) else {}
        names = [part for part in metric if isinstance(part, str)]
        previous = names or previous
        if options.get("visible", True) is False:
            continue
        label = options.get("label") or options.get("expression") or (names[1] if len(names) > 1 else previous[1])
        label = "one line for each reason" if "PROP(" in label else label
        colour = options.get("color") or COLOURS[len(shown) % len(COLOURS)]
        shown.append((label, colour, options.get("yAxis", "left")))
    return shown


def entry(label, side):
    return label + (" (right)" if side == "right" else "")


def legend_columns(shown, width):
    """Two, if every entry fits into half of the width."""
    half = (width - 20) / 2 - 16
    return 2 if all(fitted(entry(label, side), TEXT, half) == entry(label, side) for label, _, side in shown) else 1


def metric(picture, place, properties):
    framed(picture, place, properties["title"])
    x, y, width, height = place
    if properties["view"] == "table":
        rows(picture, place, ["metric", "sum", *["…"] * 6])
        return
    shown = entries(properties)
    if properties["view"] == "singleValue":
        label, colour, _ = shown[0]
        picture.text(x + 10, y + height - 36, "n", 26, colour, bold=True)
        picture.text(x + 10, y + height - 12, label, TEXT, PALE)
        wave = [(x + width - 84 + step * 14, y + height - 40 - (step * 29 % 17)) for step in range(6)]
        picture.line(wave, colour, 2)
        return
    left, right, top = x + 34, x + width - 30, y + 56
    columns = legend_columns(shown, width)
    bottom = y + height - 16 - LEADING * -(-len(shown) // columns)
    sides = properties.get("yAxis", {})
    picture.text(x + 10, y + 42, sides.get("left", {}).get("label", ""), SMALL, PALE)
    if "right" in sides:
        picture.text(x + width - 10, y + 42, sides["right"]["label"], SMALL, PALE, anchor="end")
    picture.line([(left, top - 4), (left, bottom), (right, bottom)], LINE, 1)
    for number, (_, colour, _) in enumerate(shown):
        base, swing = bottom - 4 - (bottom - top) * (number + 0.4) / (len(shown) + 0.6), (bottom - top) / (len(shown) * 3 + 3)
        points = [
            (left + (right - left) * step / 12, base + swing * (((step + 2 * number) * 7 % 5) / 2.5 - 1)) for step in range(13)
        ]
        picture.line(points, colour, 1.8)
    for line in properties.get("annotations", {}).get("horizontal", []):
        picture.line([(left, top), (right, top)], line["color"], 1, dashed=True)
        picture.text(right, top - 4, line["label"], SMALL, line["color"], anchor="end")
    for number, (label, colour, side) in enumerate(shown):
        at = x + 12 + number % columns * (width - 20) / columns
        row = bottom + LEADING * (number // columns) + 18
        picture.box(at, row - 10, 10, 10, colour, colour, 1)
        picture.text(at + 15, row, fitted(entry(label, side), TEXT, (width - 20) / columns - 16), TEXT, INK)


def log(picture, place, properties):
    framed(picture, place, properties["title"])
    rows(picture, place, re.search(r"\| fields ([^\n|]*)", properties["query"])[1].split(", "))


def rows(picture, place, fields):
    """A table with these columns."""
    x, y, width, _ = place
    cell = (width - 20) / len(fields)
    for number, field in enumerate(fields):
        picture.text(x + 10 + number * cell, y + 46, fitted(field, SMALL, cell - 4), SMALL, PALE)
    for row in range(5):
        top = y + 60 + row * 31
        picture.line([(x + 10, top - 4), (x + width - 10, top - 4)], "#e4e7eb", 1)
        for number in range(len(fields)):
            picture.box(x + 10 + number * cell, top + 4, cell * (0.85 if (row + number) % 2 else 0.6), 8, "#e4e7eb", "none", 2)
