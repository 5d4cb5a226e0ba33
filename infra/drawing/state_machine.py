"""Draws the state machine: one row of states for each step from the start, and an arrow for each transition."""

from itertools import permutations

from .svg import INK, PALE, Picture, sentences

WIDTH, HEIGHT, START, COLUMN, ROW, MARGIN = 276, 286, 92, 342, 354, 16
NAME, TEXT, SMALL, LEADING = 19, 18, 15, 23
FILLS = {"Choice": "#fff6e0", "Task": "#e6f0fa", "Wait": "#eef1f4", "Fail": "#fde8e8", "Succeed": "#e3f4e4"}
STROKES = {"Choice": "#d9a514", "Task": "#4a86c5", "Wait": "#8794a3", "Fail": "#cf4a4a", "Succeed": "#2f9e44"}


def transitions(states):
    """Each transition: from, to, label, and whether an error causes it."""
    for name, state in states.items():
        for choice in state.get("Choices", []):
            yield name, choice["Next"], choice.get("StringEquals", ""), False
        for catch in state.get("Catch", []):
            yield name, catch["Next"], "on error", True
        if "Next" in state:
            yield name, state["Next"], "", False


def rows_of(machine):
    """The states, row by row. States of a row with an arrow between them are neighbours if possible."""
    arrows = list(transitions(machine["States"]))
    depth, front = {machine["StartAt"]: 0}, [machine["StartAt"]]
    while front:
        name = front.pop(0)
        for start, end, _, _ in arrows:
            if start == name and end not in depth:
                depth[end] = depth[name] + 1
                front.append(end)
    missing = set(machine["States"]) - set(depth)
    if missing:
        raise ValueError(f"no transition leads to {', '.join(sorted(missing))}")
    rows = []
    for level in range(max(depth.values()) + 1):
        names = [name for name in machine["States"] if depth[name] == level]
        cross = [(a, b) for a, b, _, _ in arrows if a in names and b in names]
        rows.append(min(permutations(names), key=lambda order: sum(abs(order.index(a) - order.index(b)) for a, b in cross)))
    return rows


def draw(machine):
    states, rows = machine["States"], rows_of(machine)
    places = {}
    for level, names in enumerate(rows):
        for column, name in enumerate(names):
            parents = [places[a][0] for a, b, _, _ in transitions(states) if b == name and a in places]
            lone = level > 1 and len(names) == 1 and parents
            left = parents[0] if lone else MARGIN + column * COLUMN
            places[name] = (left, MARGIN + 46 + (START + 76 if level else 0) + max(level - 1, 0) * ROW, WIDTH, HEIGHT)
    widest = max(len(names) for names in rows)
    full = MARGIN * 2 + (widest - 1) * COLUMN + WIDTH
    # The start is as wide as the row of its choices, so that each choice is a straight arrow.
    places[machine["StartAt"]] = (MARGIN, MARGIN + 46, full - 2 * MARGIN, START)
    low = max(y + height for _, y, _, height in places.values())
    picture = Picture(full, low + 48 + MARGIN, "The state machine")
    arrows_of(picture, machine, places)
    for name, state in states.items():
        node(picture, places[name], name, state)
    return picture.finish()


def middle(place):
    return place[0] + place[2] / 2


def arrows_of(picture, machine, places):
    states, start = machine["States"], machine["StartAt"]
    top = places[start][1]
    picture.dot(middle(places[start]), top - 36, 9, INK)
    picture.line([(middle(places[start]), top - 27), (middle(places[start]), top - 2)], arrow=True)
    for begin, end, label, is_error in transitions(states):
        (from_x, from_y, from_width, from_height), (to_x, to_y, to_width, to_height) = places[begin], places[end]
        if from_y == to_y:
            points = [(from_x + from_width, from_y + HEIGHT / 2), (to_x - 2, to_y + HEIGHT / 2)]
            if to_x < from_x:
                points = [(from_x, from_y + HEIGHT / 2), (to_x + to_width + 2, to_y + HEIGHT / 2)]
            picture.line(points, arrow=True, dashed=is_error)
            if label:
                at = (points[0][0] + points[1][0]) / 2
                for row, word in enumerate(label.split(" ", 1)):
                    picture.text(at, from_y + HEIGHT / 2 - 30 + row * 20, word, TEXT, "#b03030", anchor="middle")
        elif from_y < to_y:
            # Straight down from the wide start. Two transitions between the same states are drawn side by side.
            back = any(a == end and b == begin for a, b, _, _ in transitions(states))
            at = middle(places[end]) - (60 if back else 0)
            picture.line([(at, from_y + from_height), (at, to_y - 2)], arrow=True, dashed=is_error)
            if label:
                picture.text(at, (from_y + from_height + to_y) / 2 + 4, label, TEXT, bold=True, anchor="middle", halo=True)
        else:
            at = middle(places[begin]) + 60
            picture.line([(at, from_y), (at, to_y + to_height + 2)], arrow=True)
            picture.text(at, (to_y + to_height + from_y) / 2 + 4, "answer", TEXT, PALE, anchor="middle", halo=True)
    for name, state in states.items():
        if not (state.get("End") or state["Type"] in ("Succeed", "Fail")):
            continue
        failed = state["Type"] == "Fail"
        at, low = middle(places[name]), places[name][1] + places[name][3]
        picture.line([(at, low), (at, low + 24)], arrow=True)
        picture.dot(at, low + 35, 9, STROKES["Fail" if failed else "Succeed"])
        picture.text(at - 16, low + 40, "the execution fails" if failed else "the execution succeeds", TEXT, PALE, anchor="end")


def node(picture, place, name, state):
    x, y, width, height = place
    kind = state["Type"]
    picture.box(x, y, width, height, FILLS[kind], STROKES[kind], 8)
    picture.text(x + 14, y + 26, name, NAME, bold=True)
    retries = len([retry for retry in state.get("Retry", []) if retry.get("MaxAttempts") != 0])
    picture.text(x + width - 12, y + 26, kind, SMALL, PALE, anchor="end")
    if retries:
        picture.text(x + width - 12, y + height - 12, "retried", SMALL, PALE, anchor="end")
    room = height - (66 if retries else 44)
    lines = sentences(state.get("Comment", ""), TEXT, width - 24, int(room / LEADING))
    for row, words in enumerate(lines):
        picture.text(x + 14, y + 54 + row * LEADING, words, TEXT)
