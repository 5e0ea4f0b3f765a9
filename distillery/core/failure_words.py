"""What a member is told of a worker's failure, as texts that can be translated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from distillery.core.job import Outcome

FAILURES = {
    "bad_input": "The attached picture could not be used: {message} Attach another one.",
    "invalid_graph": (
        "This workflow does not fit the image engine: {message} "
        "Try another workflow, and tell an operator."
    ),
    "execution_failed": "The image engine failed: {message} Try again, or change the options.",
    "out_of_memory": "The picture did not fit the GPU. Try a smaller size.",
    "timed_out": "Making the picture took too long. Try fewer steps or a smaller size.",
    "no_output": "The workflow ended without a picture. Tell an operator.",
    "upload_failed": "The pictures were made but could not be stored. Try again.",
    "engine_unavailable": "No image engine could be started. Try again in a minute.",
    "interrupted": "The work was stopped before it was done. Try again.",
}
"""By the kinds of `gpu_container/result.schema.json`; `{message}` is what the engine says."""
UNKNOWN = "Something went wrong while making the picture. Try again."

PICTURE_FAULTS = {
    r"the image is larger than (?P<most>\d+) bytes": (
        "The attached picture has more than {most} bytes. Attach a smaller one."
    ),
    r"the image has more than (?P<most>[\d,]+) pixels": (
        "The attached picture has more than {most} pixels. Attach a smaller one."
    ),
    r"the image is longer than (?P<most>[\d,]+) pixels": (
        "The attached picture is longer than {most} pixels. Attach a smaller one."
    ),
    r"the image is animated": "The attached picture moves. Attach a still one.",
    r"the file is ": "The attached file is no PNG, JPEG or WebP that can be read. Attach one.",
    r"the image could not be fetched|the image's address is refused": (
        "The attached picture could not be fetched. Attach it again."
    ),
    r"the image (?:is|has) ": (
        "The attached picture is damaged, or of an unusual kind. Save it again as a PNG, and "
        "attach that."
    ),
}
"""What a worker says of an input, as it begins, and what a member is told instead."""

_LONGEST = 300


def failure_words(kind: str, message: str) -> tuple[str, Mapping[str, str]]:
    """Return what a worker's error means and what to do, and the values for its braces."""
    if kind == "bad_input":
        for pattern, text in PICTURE_FAULTS.items():
            if found := re.match(pattern, message):
                return text, found.groupdict()
    text = FAILURES.get(kind, UNKNOWN)
    return text, {"message": _sentence(message)} if "{message}" in text else {}


def failed(outcome: Outcome, kind: str, text: str, values: Mapping[str, str]) -> Outcome:
    """Return an outcome with words instead of pictures."""
    if not values:
        return replace(outcome, error=text, error_kind=kind)
    error = text.format_map(values)
    return replace(outcome, error=error, error_kind=kind, error_text=text, error_values=values)


def words_of(outcome: Outcome) -> tuple[str, Mapping[str, str]]:
    """Return why there are no pictures: a text to translate, and the values for its braces."""
    return outcome.error_text or outcome.error or "", outcome.error_values


def _sentence(message: str) -> str:
    first_line = message.strip().splitlines()[0] if message.strip() else "no reason was given."
    sentence = first_line[:_LONGEST].rstrip()
    return sentence if sentence[-1] in ".!?" else f"{sentence}."
