"""How a job's message looks in each state: one frame, its colour, words, pictures and buttons."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distillery.core.job import Job
from distillery.core.ports import Delivery, Progress
from distillery.core.recipes.recipe import Recipe, recipe_for
from distillery.discord import buttons
from distillery.discord.buttons import MADE_BY, Action
from distillery.discord.components import (
    Component,
    container,
    edit_of,
    file_card,
    gallery,
    text,
)
from distillery.discord.markdown import escape

BAR_CELLS = 20
PROMPT_CHARACTERS = 300
PREVIEW = "preview.jpg"
WORKING, DONE, FAILED, OVER = 0x5865F2, 0x23A55A, 0xDA373C, 0x4E5058
"""The colour of each state: blue, green, red, dark grey."""

_IN_MINUTES_S = 120
_DONE_TO = {
    Action.AGAIN: "Made again",
    Action.SAME: "Made again",
    Action.EDIT: "Edited",
    Action.UPSCALE: "Upscaled",
    Action.VARY: "Varied",
    Action.REMIX: "Remixed",
    Action.ZOOM: "Zoomed out",
}


@dataclass(frozen=True, slots=True)
class Looks:
    """Draws messages. `recipes` are those installed: what none can do, no button offers."""

    recipes: Mapping[str, Recipe] = field(default_factory=dict)

    def working(self, job: Job, progress: Progress) -> dict[str, Any]:
        """A bar, what is being done, and the picture as far as it has come."""
        lines = [f"`{_bar(progress.percent)}` {progress.percent:.0f} %"]
        if facts := list(_now(job, progress)):
            lines.append(f"-# {' · '.join(facts)}")
        parts = [text(_heading(job)), text("\n".join(lines))]
        names = [PREVIEW] if progress.preview is not None else []
        if names:
            parts.append(gallery(names))
        return edit_of([container([*parts, buttons.while_open(job)], WORKING)], names)

    def pictures(
        self, job: Job, deliveries: Sequence[Delivery], missing: str | None = None
    ) -> dict[str, Any]:
        """The pictures, what is needed to make them again, and what can be done with them."""
        names = [each.sent.name for each in deliveries if each.data is not None]
        facts = [f"-# {self._facts(job, deliveries)}", *_too_large(deliveries)]
        facts += [f"⚠️ {missing}"] if missing else []
        facts += _judged(deliveries)
        parts = [text(_heading(job)), *_shown(deliveries), text("\n".join(facts))]
        rows = buttons.below_pictures(job, self.offered, deliveries)
        return edit_of([container([*parts, *rows], DONE)], names)

    def failure(self, job: Job, words: str) -> dict[str, Any]:
        """Why there is no picture, and what to do."""
        if job.was_cancelled:  # the member wanted it: nothing is wrong
            parts, color = [text(_heading(job)), text(words)], OVER
        else:
            parts, color = [text(_heading(job)), text(f"⚠️ {words}")], FAILED
        return edit_of([container([*parts, buttons.below_failure(job)], color)])

    def removed(self, user_id: str) -> dict[str, Any]:
        """Nothing but who took the answer away."""
        return edit_of([container([text(f"-# 🗑️ Deleted by <@{user_id}>")], OVER)])

    @property
    def offered(self) -> Collection[Action]:
        """The actions that an installed recipe can do."""
        return {action for action, made_by in MADE_BY.items() if recipe_for(self.recipes, made_by)}

    def title(self, job: Job) -> str:
        """Return what members call the job's workflow."""
        recipe = self.recipes.get(job.request.workflow)
        return recipe.title if recipe else job.request.workflow

    def _facts(self, job: Job, deliveries: Sequence[Delivery]) -> str:
        """Seed, size and workflow, so that the picture can be made again."""
        values = job.request.values
        facts = [escape(self.title(job), 60)]
        if "seed" in values:
            seeds = dict.fromkeys(f"`{d.job.request.values['seed']}`" for d in deliveries)
            facts.append(f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}")
        first = job.outcome.pictures[0] if job.outcome and job.outcome.pictures else None
        if first and first.width and first.height:
            facts.append(f"{first.width} × {first.height}")
        if "concluded" in job.times:
            facts.append(f"{job.times['concluded'] - job.created_at:.0f} s")
        return " · ".join(facts)


def _shown(deliveries: Sequence[Delivery]) -> Iterator[Component]:
    sent = [each.sent for each in deliveries if each.data is not None]
    visible = [one.name for one in sent if one.content_type.startswith(("image/", "video/"))]
    covered = {one.name for one in sent if one.spoiler}
    if visible:
        yield gallery(visible, covered)
    cards = (one.name for one in sent if one.name not in visible)
    yield from (file_card(name, is_covered=name in covered) for name in cards)


def _judged(deliveries: Sequence[Delivery]) -> Iterator[str]:
    """Say what a check has covered or left out, so that nobody wonders."""
    outcomes = {each.job.job_id: each.job.outcome for each in deliveries}
    withheld = sum(outcome.withheld for outcome in outcomes.values() if outcome)
    if withheld:
        yield f"-# 🙈 Not shown: {withheld} more, found unfit for this channel by a check."
    if any(each.picture.spoiler for each in deliveries):
        yield "-# 🙈 A check covered what may be unfit for this channel. Click to see it."


def _too_large(deliveries: Sequence[Delivery]) -> Iterator[str]:
    """Yield a line for each file that is too large to be in the message."""
    for each in deliveries:
        if each.data is None:
            size = f"{each.picture.size / 1_000_000:.1f} MB"
            yield f"-# `{each.picture.name}` ({size}) is too large for here: a button links to it."


def _heading(job: Job) -> str:
    """The member's words, who they are, and from which message this one goes on."""
    prompt = escape(str(job.request.values.get("prompt", "")), PROMPT_CHARACTERS)
    who = f"<@{job.origin.user_id}>"
    first = f"**{prompt}** — {who}" if prompt else who
    return f"{first}\n-# {_origin(job)}" if job.parent else first


def _origin(job: Job) -> str:
    parent = job.parent
    if parent is None:
        return ""
    done = next((words for action, words in _DONE_TO.items() if action == parent.action), "Made")
    which = "" if parent.picture is None else f"picture {parent.picture + 1} of "
    guild = job.origin.guild_id or "@me"
    link = f"https://discord.com/channels/{guild}/{job.origin.channel_id}/{parent.message_id}"
    of = f"[an earlier message]({link})" if parent.message_id else "an earlier request"
    return f"{done} from {which}{of}"


def _now(job: Job, progress: Progress) -> Iterator[str]:
    """Yield what is being done, and how long all of it will still take."""
    if job.parts:
        yield f"{progress.ended} of {len(job.parts)} pictures made"
    if progress.node_title:
        yield escape(progress.node_title, 60)
        if progress.steps:
            yield f"step {progress.step} of {progress.steps}"
    if left := round(progress.eta_s or 0):
        yield f"about {_duration(left)} left"


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    return f"{whole // 60} min" if whole >= _IN_MINUTES_S else f"{whole} s"


def _bar(percent: float) -> str:
    done = round(percent / 100 * BAR_CELLS)
    return "█" * done + "░" * (BAR_CELLS - done)
