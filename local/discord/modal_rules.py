"""The rules of forms (modals) that Discord's OpenAPI document does not hold.

Source: Discord's documentation, "Component Reference" and "Modal".
"""

from collections.abc import Iterator, Sequence

from local.discord.refusals import Json, Problem

ROW, SELECT, INPUT, TEXT, LABEL, UPLOAD = 1, 3, 4, 10, 18, 19
RADIO, CHECKBOXES, CHECKBOX = 21, 22, 23
CHOICES = frozenset({"options", "required"})
IN_AN_INPUT = frozenset({"style", "min_length", "max_length", "required", "value", "placeholder"})
FIELDS = {
    INPUT: IN_AN_INPUT,
    SELECT: CHOICES | {"placeholder", "min_values", "max_values"},
    UPLOAD: frozenset({"min_values", "max_values", "required", "file_types"}),
    RADIO: CHOICES,
    CHECKBOXES: CHOICES | {"min_values", "max_values"},
    CHECKBOX: frozenset({"default"}),
}
MOST_PARTS = 5
MOST_TITLE = 45
MOST_LABEL = 45
MOST_CUSTOM_ID = 100


def modal_problems(modal: Json) -> Iterator[Problem]:
    """Check the `data` of an answer that opens a form."""
    yield from _unknown(modal, {"custom_id", "title", "components"}, "")
    if not 1 <= len(str(modal.get("title") or "")) <= MOST_TITLE:
        yield Problem("title", f"must be 1 to {MOST_TITLE} in length")
    yield from _custom_id(modal, "")
    parts = modal.get("components")
    if not isinstance(parts, list) or not 1 <= len(parts) <= MOST_PARTS:
        yield Problem("components", f"must hold 1 to {MOST_PARTS} components")
        return
    for index, part in enumerate(parts):
        yield from _part(part, f"components.{index}.")
    ids = [one["custom_id"] for _, one in inputs(parts) if one.get("custom_id")]
    if len(set(ids)) < len(ids):
        yield Problem("components", "a custom_id is used more than once")


def inputs(parts: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield what can be filled in, each with the label or row around it."""
    for part in parts:
        if part.get("type") == LABEL:
            yield part, part.get("component") or {}
        elif part.get("type") == ROW:
            for child in part.get("components") or []:
                yield part, child


def _part(part: Json, path: str) -> Iterator[Problem]:
    kind = part.get("type")
    if kind == LABEL:
        yield from _unknown(part, {"type", "id", "label", "description", "component"}, path)
        if not 1 <= len(str(part.get("label") or "")) <= MOST_LABEL:
            yield Problem(f"{path}label", f"must be 1 to {MOST_LABEL} in length")
        yield from _input(part.get("component") or {}, f"{path}component.", FIELDS)
    elif kind == ROW:
        yield from _unknown(part, {"type", "id", "components"}, path)
        children = part.get("components") or []
        if len(children) != 1 or not 1 <= len(str(children[0].get("label") or "")) <= MOST_LABEL:
            yield Problem(f"{path}components", "must hold one text input with a label")
        for child in children:
            fields = {INPUT: IN_AN_INPUT | {"label"}}
            yield from _input(child, f"{path}components.0.", fields)
    elif kind != TEXT:
        yield Problem(f"{path}type", f"{kind!r} may not stand in a form")


def _input(one: Json, path: str, fields: dict[int, frozenset[str]]) -> Iterator[Problem]:
    kind = one.get("type")
    if not isinstance(kind, int) or kind not in fields:
        yield Problem(f"{path}type", f"{kind!r} may not stand here")
        return
    yield from _unknown(one, fields[kind] | {"type", "id", "custom_id"}, path)
    yield from _custom_id(one, path)
    low, high = one.get("min_length"), one.get("max_length")
    if low is not None and high is not None and low > high:
        yield Problem(f"{path}min_length", "must not be above max_length")
    if one.get("required", True) and one.get("min_values") == 0:
        yield Problem(f"{path}min_values", "must be 1 or more where an answer is required")


def _custom_id(one: Json, path: str) -> Iterator[Problem]:
    if not 1 <= len(str(one.get("custom_id") or "")) <= MOST_CUSTOM_ID:
        yield Problem(f"{path}custom_id", f"must be 1 to {MOST_CUSTOM_ID} in length")


def _unknown(value: Json, known: set[str] | frozenset[str], path: str) -> Iterator[Problem]:
    for name in sorted(set(value) - known):
        yield Problem(f"{path}{name}", "unknown field")
