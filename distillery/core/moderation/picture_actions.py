"""What becomes of pictures that somebody finds unfit, or cannot judge: the operator's table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from distillery.core.rules.rule import Level

WITHHELD = "withheld"
"""The kind of error that is somebody's finding: what was made is not shown."""


class PictureAction(StrEnum):
    """What is done with a picture, the mildest first."""

    SHOW = "show"
    SPOILER = "spoiler"  # covered, until its reader clicks
    HIDE = "hide"  # left out; the others of the request are shown
    REFUSE = "refuse"  # nothing of the request is shown


@dataclass(frozen=True, slots=True)
class PictureActions:
    """The table. `previews` is for those of pictures that are being made, which nobody judges."""

    relaxed: PictureAction = PictureAction.SPOILER
    standard: PictureAction = PictureAction.HIDE
    strict: PictureAction = PictureAction.REFUSE
    age_restricted: PictureAction = PictureAction.SPOILER
    unjudged: PictureAction = PictureAction.SPOILER
    previews: PictureAction = PictureAction.HIDE

    def of_unfit(self, level: Level, *, age_restricted: bool) -> PictureAction:
        """Return what is done with an unfit picture in a place."""
        if age_restricted:
            return self.age_restricted
        by_level: Mapping[Level, PictureAction] = {
            Level.RELAXED: self.relaxed,
            Level.STANDARD: self.standard,
            Level.STRICT: self.strict,
        }
        return by_level[level]


def parse_picture_actions(text: str) -> PictureActions:
    """Read a JSON object of places and actions; raises ValueError with all problems."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ValueError("it must be a JSON object of places and actions")
    places = {field.name for field in fields(PictureActions)}
    problems = [
        f"{place}: there are {', '.join(sorted(places))}" for place in sorted({*document} - places)
    ]
    for place, action in document.items():
        choices = ("show", "hide") if place == "previews" else tuple(PictureAction)
        if action not in choices:
            problems.append(f"{place}: it must be one of {', '.join(choices)}")
    if problems:
        raise ValueError("; ".join(problems))
    return PictureActions(**{place: PictureAction(action) for place, action in document.items()})
