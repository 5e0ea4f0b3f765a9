"""The values of a command's options, typed and checked as Discord's client does before it sends."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from local.discord.command_rules import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    USER,
)
from local.discord.refusals import Json

LONGEST_STRING = 6000
LARGEST_INTEGER = 2**53
RESOLVED_IN: Mapping[int, Sequence[str]] = {
    USER: ("users",),
    CHANNEL: ("channels",),
    ROLE: ("roles",),
    MENTIONABLE: ("users", "roles"),
    ATTACHMENT: ("attachments",),
}
HOW_TO_NAME: Mapping[int, str] = {
    ATTACHMENT: "upload the file first",
    USER: "name a member of the guild by id",
    CHANNEL: "name a channel of the guild by id",
    ROLE: "name a role of the guild by id",
    MENTIONABLE: "name a member or a role of the guild by id",
}

Known = Mapping[str, Mapping[str, Json]]
"""What an id may stand for: the objects of each kind, as resolved data names the kinds."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The `options` and the `resolved` of a command's data."""

    options: list[Json]
    resolved: Json = field(default_factory=dict)


def fill(command: Json, path: Sequence[str], values: Mapping[str, object], known: Known) -> Filled:
    """Check the values of a command, or of its subcommand at `path`, and nest them as Discord does.

    Raises:
        ValueError: an option is missing, unknown, or outside its bounds.
    """
    leaf = _leaf(command, path)
    wanted = {option["name"]: option for option in leaf.get("options") or []}
    name = " ".join([command["name"], *path])
    for unknown in set(values) - set(wanted):
        raise ValueError(f"/{name} has no option {unknown!r}")
    for option in wanted.values():
        if option.get("required") and values.get(option["name"]) in (None, ""):
            raise ValueError(f"{option['name']}: this option is required")
    given = [
        _option(wanted[name], value, known)
        for name, value in values.items()
        if value not in (None, "")
    ]
    return Filled(_nested(command, path, given), _resolved(given, known))


def fill_partly(
    command: Json, path: Sequence[str], values: Mapping[str, object], focused: str
) -> Filled:
    """Return what autocompletion sends: what is valid so far, and the text of `focused` as it is.

    Raises:
        ValueError: `focused` is no option that is autocompleted.
    """
    wanted = {option["name"]: option for option in _leaf(command, path).get("options") or []}
    if not wanted.get(focused, {}).get("autocomplete"):
        raise ValueError(f"{focused!r} is no option with autocompletion")
    given = []
    for name, value in values.items():
        if name == focused:
            kind = wanted[name]["type"]
            given.append({"name": name, "type": kind, "value": str(value), "focused": True})
        elif name in wanted and value not in (None, ""):
            try:
                given.append(_option(wanted[name], value, {}))
            except ValueError:
                continue  # the client leaves out what it would not send
    return Filled(_nested(command, path, given))


def _leaf(command: Json, path: Sequence[str]) -> Json:
    here = command
    for name in path:
        here = next((o for o in here.get("options") or [] if o["name"] == name), {})
        if here.get("type") not in (SUBCOMMAND, GROUP):
            raise ValueError(f"/{command['name']} has no subcommand {' '.join(path)!r}")
    parts = [o["name"] for o in here.get("options") or [] if o["type"] in (SUBCOMMAND, GROUP)]
    if parts:
        raise ValueError(f"/{command['name']} is used with one of: {', '.join(parts)}")
    return here


def _nested(command: Json, path: Sequence[str], given: list[Json]) -> list[Json]:
    if not path:
        return given
    option = next(o for o in command["options"] if o["name"] == path[0])
    inner = _nested(option, path[1:], given)
    return [{"name": path[0], "type": option["type"], "options": inner}]


def _resolved(given: Sequence[Json], known: Known) -> Json:
    resolved: Json = {}
    for entry in given:
        for kind in RESOLVED_IN.get(entry["type"], ()):
            for part in (kind, "members") if kind == "users" else (kind,):
                if entry["value"] in known.get(part, {}):
                    found = known[part][entry["value"]]
                    resolved.setdefault(part, {})[entry["value"]] = found
    return resolved


def _option(option: Json, value: object, known: Known) -> Json:
    kind = option["type"]
    try:
        typed = _typed(kind, value)
    except ValueError as error:
        raise ValueError(f"{option['name']}: {error}") from error
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and typed not in choices:
        raise ValueError(f"{option['name']}: pick one of {', '.join(map(str, choices))}")
    kinds = RESOLVED_IN.get(kind, ())
    if kinds and not any(typed in known.get(part, {}) for part in kinds):
        raise ValueError(f"{option['name']}: {HOW_TO_NAME[kind]}; {value!r} is unknown")
    _check_bounds(option, typed)
    return {"name": option["name"], "type": kind, "value": typed}


def _typed(kind: int, value: object) -> str | int | float | bool:
    text = str(value)
    if kind == BOOLEAN:
        if text.lower() not in ("true", "false"):
            raise ValueError("must be true or false")
        return text.lower() == "true"
    if kind == INTEGER:
        return _integer(text)
    if kind == NUMBER:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError("must be a number")
        return number
    return text


def _integer(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ValueError("must be a whole number") from None
    if abs(number) > LARGEST_INTEGER:
        raise ValueError("is too large")
    return number


def _check_bounds(option: Json, value: str | float) -> None:
    low, high, size = option.get("min_value"), option.get("max_value"), value
    if option["type"] == STRING:
        low, high, size = option.get("min_length"), option.get("max_length"), len(str(value))
        high = LONGEST_STRING if high is None else high
    unit = " in length" if option["type"] == STRING else ""
    if low is not None and float(size) < low:
        raise ValueError(f"{option['name']}: must be {low} or more{unit}")
    if high is not None and float(size) > high:
        raise ValueError(f"{option['name']}: must be {high} or less{unit}")
