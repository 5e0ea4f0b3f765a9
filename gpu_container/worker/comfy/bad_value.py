"""Says what is wrong with an input of a node, and what it may be instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from gpu_container.worker.comfy.http_api import options

Choices = Callable[[str, str], Sequence[str]]
"""Returns the values that an input, by its node's class and its name, may have."""

_SHOWN = 8
_MAX_VALUE = 80


def explained(error: Mapping[str, Any], class_type: str | None, choices: Choices) -> str:
    """Put one entry of ComfyUI's node_errors into words.

    ComfyUI leaves a list of more than 20 choices out of its answer (`execution.py`,
    `validate_inputs`); then `choices` is asked.
    """
    details = error.get("extra_info") or {}
    name, kind = details.get("input_name"), error.get("type")
    if name is not None and kind == "value_not_in_list":
        offered = options(details.get("input_config")) or choices(class_type or "", str(name))
        return f"{name} {_value(details)} is not in the list; {_nearest(details, offered)}"
    if name is not None and kind in ("value_smaller_than_min", "value_bigger_than_max"):
        return f"{name} {_value(details)} is out of range; {_range(details)}"
    if name is not None and kind == "required_input_missing":
        return f"{name} is missing"
    if kind == "exception_during_inner_validation" and details.get("exception_type") == "KeyError":
        return f"it is linked to node {error.get('details')}, which is not there"
    message, more = str(error.get("message", "invalid")), error.get("details")
    return f"{message} ({more})" if more else message


def _value(details: Mapping[str, Any]) -> str:
    text = repr(details.get("received_value"))
    return text if len(text) <= _MAX_VALUE else text[: _MAX_VALUE - 1] + "…"


def _nearest(details: Mapping[str, Any], offered: Sequence[str]) -> str:
    if not offered:
        return "the engine has nothing for it: install what it needs"
    wanted = str(details.get("received_value"))
    shown = get_close_matches(wanted, offered, n=_SHOWN, cutoff=0.0)
    more = len(offered) - len(shown)
    return f"valid: {', '.join(shown)}" + (f" and {more} more" if more > 0 else "")


def _range(details: Mapping[str, Any]) -> str:
    config = details.get("input_config")
    bounds = config[1] if isinstance(config, list) and len(config) > 1 else {}
    ends = [(word, bounds.get(key)) for word, key in (("from", "min"), ("to", "max"))]
    return "valid: " + " ".join(f"{word} {end}" for word, end in ends if end is not None)
