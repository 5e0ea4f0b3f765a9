"""Says what values an option may have: what its nodes take, cut to what an operator may pay for.

`max` is what one member can make the operator pay: no definition of a node knows that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distillery.core.recipes.manifest_option import MAX_CHOICES, MAX_LABEL, MAX_NUMBER
from distillery.core.recipes.recipe import OptionKind
from local.workflow_import.definitions import InputRule
from local.workflow_import.finding import KINDS, Found, Notes, Reading, Role

Number = int | float


@dataclass(frozen=True, slots=True)
class _Limits:
    """What is proposed where the nodes allow more. The exported value always stays allowed."""

    low: Number
    high: Number


_LIMITS: Mapping[Role, _Limits] = {
    Role.STEPS: _Limits(1, 60),
    Role.CFG: _Limits(1.0, 20.0),
    Role.GUIDANCE: _Limits(0.0, 10.0),
    Role.STRENGTH: _Limits(0.1, 1.0),
    Role.CONTROL_STRENGTH: _Limits(0.0, 2.0),
    Role.IMAGES: _Limits(1, 4),
    Role.SECONDS: _Limits(1.0, 60.0),
    Role.SEED: _Limits(0, 2**32 - 1),
    Role.WIDTH: _Limits(64, 1536),
    Role.HEIGHT: _Limits(64, 1536),
    Role.FRAMES: _Limits(1, 97),
}
_GRID = 64  # pixels: all models take multiples of it
_LEAST_SHARE = 0.5  # of the exported size or number of frames
_MOST_SHARE = 1.5

SAMPLERS: Mapping[str | Number, str] = {
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "dpmpp_sde": "DPM++ SDE",
    "euler": "Euler",
    "euler_ancestral": "Euler ancestral",
    "heun": "Heun",
    "uni_pc": "UniPC",
}
"""The samplers offered where the nodes know more than a member can choose from."""

Known = Mapping[str, Mapping[str | Number, str]]
"""The choices of the options of other workflows: value to name. Discord shows all together."""


def limits_of(reading: Reading, found: Found, known: Known) -> dict[str, Any]:
    """Return the fields of the manifest that bound an option, and its default."""
    rules = [reading.rule(slot) for slot in found.slots]
    if None in rules and KINDS[found.role] is not OptionKind.STRING:
        named = ", ".join(
            reading.named(s) for s, rule in zip(found.slots, rules, strict=True) if not rule
        )
        reading.notes.settle(
            f"The bounds of '{found.role}' are not from the definition of {named}",
            "its class is not known; run again with --comfyui-url, or look at min and max",
        )
    if found.role in (Role.SAMPLER, Role.SCHEDULER):
        return _words(found, rules, known, reading.notes)
    return _numbers(found, rules, known, reading)


def _words(
    found: Found, rules: list[InputRule | None], known: Known, notes: Notes
) -> dict[str, Any]:
    value = str(found.value)
    told = [rule.choices for rule in rules if rule is not None and rule.choices]
    taken = [word for word in (told[0] if told else ()) if all(word in each for each in told)]
    if told and value not in taken:
        notes.settle(
            f"'{found.role}' is {value!r}, which the node does not offer",
            "ComfyUI would refuse the graph; choose another one there and export again",
        )
    if not told:
        notes.settle(
            f"The choices of '{found.role}' are not from the definition of a node",
            "run again with --comfyui-url, or look at them in manifest.toml",
        )
    offered = (taken or [*map(str, SAMPLERS)]) if found.role is Role.SAMPLER else taken
    if len(offered) > MAX_CHOICES or found.role is Role.SAMPLER:
        offered = [str(word) for word in SAMPLERS if word in offered] or offered
    others = known.get(str(found.role), {})
    names = {**SAMPLERS, **others}
    words = [
        word
        for word in dict.fromkeys([*offered, value])
        if _is_word(word) and (word in names or word not in names.values())
    ]
    words = _room(words, value, others)
    named = [_named(word, others) for word in words]
    if value in words:
        return {"default": value, "choices": named}
    return {"choices": named} if named else {}  # without a default the exported one stays


def _is_word(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= MAX_LABEL


def _named(word: str, others: Mapping[str | Number, str]) -> str | dict[str, str]:
    name = others.get(word) or SAMPLERS.get(word)
    return word if name in (None, word) else {"name": str(name), "value": word}


def _room(values: list[Any], keep: Any, others: Mapping[str | Number, str]) -> list[Any]:
    """Drop choices until they fit beside those of other workflows, and never the exported one."""
    room = MAX_CHOICES - len(others.keys() - set(values))
    new = [value for value in values if value not in others and value != keep]
    kept = set(values) - set(new)
    for value in new[: max(0, MAX_CHOICES - len(others) - (keep not in others))]:
        kept.add(value)
    return [value for value in values if value in kept][: max(room, 0)]


def _numbers(
    found: Found, rules: list[InputRule | None], known: Known, reading: Reading
) -> dict[str, Any]:
    whole = KINDS[found.role] is OptionKind.INTEGER
    low, high = _ends(found, rules)
    value = _of_kind(found.value, whole=whole)
    if found.role is Role.SEED:
        return {"random": True, "min": low, "max": high}
    kept = min(max(value, low), high)
    if kept != value:
        reading.notes.settle(
            f"{reading.named(found.slots[0])} holds {value}, which the node does not take",
            f"ComfyUI would refuse the graph; the default is {kept} instead",
        )
    kept = _of_kind(kept, whole=whole)
    steps = [rule.step for rule in rules if rule is not None and rule.step]
    if found.role in (Role.WIDTH, Role.HEIGHT):
        first = math.ceil(low / _GRID) * _GRID
        offered = range(first, int(high) + 1, _GRID)
        return _choices(int(kept), offered, known.get(str(found.role), {}))
    if found.role is Role.FRAMES and steps and max(steps) > 1:
        step = int(max(steps))  # only whole steps away from the exported number are taken
        first = int(kept) - (int(kept) - int(low)) // step * step
        offered = range(first, int(high) + 1, step)
        return _choices(int(kept), offered, known.get(str(found.role), {}))
    return {"default": kept, "min": _of_kind(low, whole=whole), "max": _of_kind(high, whole=whole)}


def _of_kind(value: Any, *, whole: bool) -> Number:
    return int(value) if whole else float(value)


def _ends(found: Found, rules: list[InputRule | None]) -> tuple[Number, Number]:
    """Return the least and the greatest value: of our limits, the export and all definitions."""
    value: Any = found.value
    ours = _LIMITS[found.role]
    low, high = min(ours.low, value), max(ours.high, value)
    if found.role in (Role.WIDTH, Role.HEIGHT, Role.FRAMES):
        low, high = max(1, math.ceil(value * _LEAST_SHARE)), math.ceil(value * _MOST_SHARE)
    if found.role is Role.SEED:  # a new one is drawn: what was exported says nothing
        low, high = ours.low, ours.high
    lows = [rule.minimum for rule in rules if rule is not None and rule.minimum is not None]
    highs = [rule.maximum for rule in rules if rule is not None and rule.maximum is not None]
    low = max([low, *lows, -MAX_NUMBER])
    high = max(min([high, *highs, MAX_NUMBER]), -MAX_NUMBER)
    if KINDS[found.role] is OptionKind.INTEGER:
        low, high = math.ceil(low), math.floor(high)
    return min(low, high), high


def _choices(value: int, offered: range, others: Mapping[str | Number, str]) -> dict[str, Any]:
    """Offer few enough values for Discord, always with the exported one."""
    stride = math.ceil(len(offered) / (MAX_CHOICES - 1)) or 1
    values = sorted({*offered[::stride], value})
    return {"default": value, "choices": _room(values, value, others)}
