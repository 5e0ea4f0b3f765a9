"""The buttons below a message. Their `custom_id`s say `action:job` or `action:job:picture`.

All that a button needs is in its `custom_id` and in the job's record, so it works after any restart
and deployment for as long as the record is kept. An action is never given another meaning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from distillery.core.job import Job, Picture
from distillery.core.ports import Delivery
from distillery.core.recipes.manifest_option import IMAGE_TYPES
from distillery.core.recipes.recipe import Action as RecipeAction
from distillery.discord.components import (
    MOST_BUTTONS,
    MOST_CHOICES,
    Component,
    Style,
    button,
    choice,
    menu,
    row,
)
from distillery.discord.translation import Words


class Action(StrEnum):
    """What a button or a menu does. The words stay as they are for good: messages hold them."""

    AGAIN = "again"  # the same request with new chance
    SAME = "same"  # the same request with the same chance
    EDIT = "edit"  # a form with the request
    UPSCALE = "upscale"
    VARY = "vary"
    REMIX = "remix"  # a form with the prompt of a variation
    ZOOM = "zoom"
    FILE = "file"  # a link to the file as it was made
    INFO = "info"
    DELETE = "delete"
    STAR = "star"  # keep the request among the member's favourites
    UNSTAR = "unstar"  # keep it there no longer
    CANCEL = "cancel"


MADE_BY = {
    Action.UPSCALE: RecipeAction.UPSCALE,
    Action.VARY: RecipeAction.VARIATION,
    Action.REMIX: RecipeAction.VARIATION,
    Action.ZOOM: RecipeAction.ZOOM_OUT,
}
"""What a recipe must be made for, so that one of these can be offered."""

_ONE = {
    Action.UPSCALE: ("Upscale", "🔍"),
    Action.VARY: ("Vary", "✨"),
    Action.REMIX: ("Remix", "🎨"),
    Action.ZOOM: ("Zoom out", "↔️"),
    Action.FILE: ("Original file", "📎"),
}
_INFO = "\N{INFORMATION SOURCE}\N{VARIATION SELECTOR-16}"
_NUMBERED = {Action.UPSCALE: "U", Action.VARY: "V"}
_CHOSEN = {
    Action.UPSCALE: ("Upscale a picture", "Upscale picture {number}"),
    Action.VARY: ("Vary a picture", "Vary picture {number}"),
    Action.REMIX: ("Remix a picture with other words", "Remix picture {number}"),
    Action.ZOOM: ("Zoom out of a picture", "Zoom out of picture {number}"),
    Action.FILE: ("Get an original file", "Original of picture {number}"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """One picture of a message, by the job that made it."""

    number: int  # as members count it in the message, from 1
    job_id: str
    index: int  # among its job's pictures, from 0

    @property
    def name(self) -> str:
        """How a `custom_id` and a menu's choice call it."""
        return f"{self.job_id}:{self.index}"


def custom_id(action: Action, target: str) -> str:
    """Return what Discord sends back when the button is used: at most 100 characters."""
    return f"{action}:{target}"


def while_open(words: Words, job: Job) -> Component:
    """Return the row of a message whose job is not over."""
    return row([button(custom_id(Action.CANCEL, job.lead_id), words("Cancel"))])


def below_pictures(
    words: Words, job: Job, offered: Collection[Action], deliveries: Sequence[Delivery]
) -> list[Component]:
    """Return the rows below finished pictures: what can be done with each, and with all."""
    targets = _targets(deliveries)
    shown = [(target, each) for target, each in zip(targets, deliveries, strict=True)]
    images = [target for target, each in shown if _can_be_worked_on(each.picture)]
    wanted = {action: images for action in MADE_BY if action in offered and images}
    if not_whole := [target for target, each in shown if each.is_not_whole]:
        wanted[Action.FILE] = not_whole
    if len(targets) == 1:
        rows = [row(_single(words, action, targets[0]) for action in wanted)] if wanted else []
    else:
        rows = [_for_each(words, job, action, those) for action, those in wanted.items()]
    return [*rows, _last_row(words, job)]


def below_failure(words: Words, job: Job) -> Component:
    """Return the row below a message that has no pictures."""
    return row(
        [
            button(custom_id(Action.SAME, job.lead_id), words("Try again"), Style.PRIMARY, "🔁"),
            button(custom_id(Action.EDIT, job.lead_id), words("Edit"), emoji="✏️"),
            button(custom_id(Action.DELETE, job.lead_id), "", emoji="🗑️"),
        ]
    )


def offer_same(words: Words, job: Job) -> Component:
    """Return the row that offers to make a picture anew that is not kept any more."""
    label = words("Make it again with the same seed")
    return row([button(custom_id(Action.SAME, job.lead_id), label, Style.PRIMARY, "🔁")])


def star(words: Words, job_id: str) -> Component:
    """Return the button that keeps a request among a member's favourites."""
    return button(custom_id(Action.STAR, job_id), words("Favourite"), emoji="⭐")


def unstar(words: Words, job_id: str) -> Component:
    """Return the button that takes it out of them."""
    return button(custom_id(Action.UNSTAR, job_id), words("No favourite any more"), emoji="✖️")


def _can_be_worked_on(picture: Picture) -> bool:
    return picture.content_type in IMAGE_TYPES and not picture.moves


def _targets(deliveries: Sequence[Delivery]) -> list[Target]:
    seen: Counter[str] = Counter()
    targets = []
    for number, each in enumerate(deliveries, start=1):
        job_id = each.job.job_id
        targets.append(Target(number, job_id, seen[job_id]))
        seen[job_id] += 1
    return targets


def _single(words: Words, action: Action, target: Target) -> Component:
    label, emoji = _ONE[action]
    return button(custom_id(action, target.name), words(label), emoji=emoji)


def _for_each(words: Words, job: Job, action: Action, targets: Sequence[Target]) -> Component:
    """One button for each picture where they fit into a row, and else a menu."""
    if action in _NUMBERED and len(targets) <= MOST_BUTTONS:
        letter = _NUMBERED[action]
        return row(button(custom_id(action, t.name), f"{letter}{t.number}") for t in targets)
    hint, one = _CHOSEN[action]
    choices = [choice(words(one, number=each.number), each.name) for each in targets]
    return row([menu(custom_id(action, job.lead_id), choices[:MOST_CHOICES], words(hint))])


def _last_row(words: Words, job: Job) -> Component:
    return row(
        [
            button(custom_id(Action.AGAIN, job.lead_id), words("Again"), Style.PRIMARY, "🔁"),
            button(custom_id(Action.EDIT, job.lead_id), words("Edit"), emoji="✏️"),
            button(custom_id(Action.STAR, job.lead_id), "", emoji="⭐"),
            button(custom_id(Action.INFO, job.lead_id), "", emoji=_INFO),
            button(custom_id(Action.DELETE, job.lead_id), "", emoji="🗑️"),
        ]
    )
