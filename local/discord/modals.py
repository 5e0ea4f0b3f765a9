"""The forms that are open at members' pages, and what a member wrote into one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from local.discord.channels import Place
from local.discord.messages import Posted
from local.discord.modal_rules import (
    CHECKBOX,
    CHECKBOXES,
    INPUT,
    RADIO,
    ROW,
    SELECT,
    TEXT,
    UPLOAD,
)
from local.discord.refusals import Json

LONGEST_INPUT = 4000


@dataclass(frozen=True, slots=True)
class OpenModal:
    """A form that the application opened; `clicked` is the message whose button opened it."""

    modal: Json
    place: Place
    clicked: Posted | None


def submitted(modal: Json, values: Mapping[str, object]) -> list[Json]:
    """Return the components of a submitted form, in the shape in which they were asked.

    Raises:
        ValueError: a value is missing, unknown, or outside its bounds.
    """
    numbers = count(1)
    answer = [_part(part, values, numbers) for part in modal["components"]]
    asked = {one["custom_id"] for part in answer for one in _filled(part)}
    for unknown in set(values) - asked:
        raise ValueError(f"the form has no field {unknown!r}")
    return answer


def file_ids(components: Sequence[Json]) -> list[str]:
    """Return the ids of the files in a submitted form."""
    filled = [one for part in components for one in _filled(part)]
    return [value for one in filled if one["type"] == UPLOAD for value in one["values"]]


def _filled(part: Json) -> list[Json]:
    inner = [part["component"]] if "component" in part else part.get("components", [])
    return [one for one in inner if "custom_id" in one]


def _part(part: Json, values: Mapping[str, object], numbers: "count[int]") -> Json:
    shape: Json = {"type": part["type"], "id": part.get("id") or next(numbers)}
    if part["type"] == TEXT:
        return shape
    if part["type"] == ROW:
        children = [_one(child, values, numbers) for child in part["components"]]
        return shape | {"components": children}
    return shape | {"component": _one(part["component"], values, numbers)}


def _one(one: Json, values: Mapping[str, object], numbers: "count[int]") -> Json:
    name, kind = one["custom_id"], one["type"]
    shape: Json = {"type": kind, "id": one.get("id") or next(numbers), "custom_id": name}
    value = values.get(name)
    if kind == INPUT:
        return shape | {"value": _text(one, str(value or ""))}
    if kind == CHECKBOX:
        return shape | {"value": bool(value)}
    chosen = [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else []
    _check_chosen(one, chosen)
    if kind == RADIO:
        return shape | {"value": chosen[0] if chosen else None}
    return shape | {"values": chosen}


def _text(one: Json, text: str) -> str:
    if not text and not one.get("required", True):
        return text
    low = one.get("min_length") or (1 if one.get("required", True) else 0)
    high = one.get("max_length") or LONGEST_INPUT
    if not low <= len(text) <= high:
        raise ValueError(f"{one['custom_id']}: must be {low} to {high} in length")
    return text


def _check_chosen(one: Json, chosen: Sequence[str]) -> None:
    required = one.get("required", True)
    if not chosen and not required:
        return
    low, high = one.get("min_values") or int(bool(required)), one.get("max_values") or 1
    if one["type"] == CHECKBOXES:
        high = one.get("max_values") or len(one["options"])
    if not low <= len(chosen) <= high:
        raise ValueError(f"{one['custom_id']}: choose {low} to {high}")
    if one["type"] in (SELECT, RADIO, CHECKBOXES):
        known = {option["value"] for option in one["options"]}
        for value in set(chosen) - known:
            raise ValueError(f"{one['custom_id']}: {value!r} is none of the choices")
