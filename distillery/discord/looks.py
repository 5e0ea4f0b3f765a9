"""How a job's message looks in each state: one frame, its colour, words, pictures and buttons."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from distillery.core.failure_words import words_of
from distillery.core.job import Job, JobState
from distillery.core.ports import Delivery, Missing, Progress, Waiting
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
from distillery.discord.translation import Words

BAR_CELLS = 20
PROMPT_CHARACTERS = 300
PREVIEW = "preview.jpg"
WAITING, WORKING, DONE, FAILED, OVER = 0x80848E, 0x5865F2, 0x23A55A, 0xDA373C, 0x4E5058
"""The colour of each state: grey, blue, green, red, dark grey."""

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
    """Draws messages, in the language of who asked.

    `recipes` are those installed: what none can do, no button offers.
    """

    recipes: Mapping[str, Recipe] = field(default_factory=dict)

    def waiting(self, job: Job, waiting: Waiting) -> dict[str, Any]:
        """Nobody works on it yet: where it stands, and how long that may take."""
        words = _words(job)
        standing = " · ".join(_standing(words, job, waiting))
        parts = [text(_heading(words, job)), text(f"⏳ {standing}")]
        return edit_of([container([*parts, buttons.while_open(words, job)], WAITING)])

    def working(self, job: Job, progress: Progress) -> dict[str, Any]:
        """A bar, what is being done, and the picture as far as it has come."""
        words = _words(job)
        lines = [f"`{_bar(progress.percent)}` {progress.percent:.0f} %"]
        if facts := list(_now(words, job, progress)):
            lines.append(f"-# {' · '.join(facts)}")
        parts = [text(_heading(words, job)), text("\n".join(lines))]
        names = [PREVIEW] if progress.preview is not None else []
        if names:
            parts.append(gallery(names))
        return edit_of([container([*parts, buttons.while_open(words, job)], WORKING)], names)

    def pictures(
        self, job: Job, deliveries: Sequence[Delivery], missing: Missing | None = None
    ) -> dict[str, Any]:
        """The pictures, what is needed to make them again, and what can be done with them."""
        words = _words(job)
        names = [each.sent.name for each in deliveries if each.data is not None]
        facts = [f"-# {self._facts(words, job, deliveries)}", *_too_large(words, deliveries)]
        facts += [f"⚠️ {_missing(words, missing)}"] if missing else []
        facts += _judged(words, deliveries)
        parts = [text(_heading(words, job)), *_shown(deliveries), text("\n".join(facts))]
        rows = buttons.below_pictures(words, job, self.offered, deliveries)
        return edit_of([container([*parts, *rows], DONE)], names)

    def failure(self, job: Job, reason: str, **values: str) -> dict[str, Any]:
        """Why there is no picture, and what to do."""
        words = _words(job)
        said, color = words(reason, **values), OVER
        if not job.was_cancelled:  # else the member wanted it: nothing is wrong
            said, color = f"⚠️ {said}", FAILED
        parts = [text(_heading(words, job)), text(said), buttons.below_failure(words, job)]
        return edit_of([container(parts, color)])

    def removed(self, job: Job, user_id: str) -> dict[str, Any]:
        """Nothing but who took the answer away."""
        said = _words(job)("Deleted by {member}", member=f"<@{user_id}>")
        return edit_of([container([text(f"-# 🗑️ {said}")], OVER)])

    @property
    def offered(self) -> Collection[Action]:
        """The actions that an installed recipe can do."""
        return {action for action, made_by in MADE_BY.items() if recipe_for(self.recipes, made_by)}

    def _facts(self, words: Words, job: Job, deliveries: Sequence[Delivery]) -> str:
        """Seed, size and workflow, so that the picture can be made again."""
        values = job.request.values
        recipe = self.recipes.get(job.request.workflow)
        title = words.own(recipe.title, recipe.titles) if recipe else job.request.workflow
        facts = [escape(title, 60)]
        if "seed" in values:
            seeds = dict.fromkeys(f"`{d.job.request.values['seed']}`" for d in deliveries)
            said = words("seeds {seeds}") if len(seeds) > 1 else words("seed {seeds}")
            facts.append(said.format(seeds=", ".join(seeds)))
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


def _missing(words: Words, missing: Missing) -> str:
    text, values = words_of(missing.outcome)
    counted = words("{number} of {all} could not be made.", number=missing.number, all=missing.all)
    return f"{counted} {words(text, **values)}"


def _judged(words: Words, deliveries: Sequence[Delivery]) -> Iterator[str]:
    """Say what a check has covered or left out, so that nobody wonders."""
    outcomes = {each.job.job_id: each.job.outcome for each in deliveries}
    withheld = sum(outcome.withheld for outcome in outcomes.values() if outcome)
    if withheld:
        said = words(
            "Not shown: {number} more, found unfit for this channel by a check.", number=withheld
        )
        yield f"-# 🙈 {said}"
    if any(each.picture.spoiler for each in deliveries):
        said = words("A check covered what may be unfit for this channel. Click to see it.")
        yield f"-# 🙈 {said}"


def _too_large(words: Words, deliveries: Sequence[Delivery]) -> Iterator[str]:
    """Yield a line for each file that is too large to be in the message."""
    for each in deliveries:
        if each.data is None:
            size = f"{each.picture.size / 1_000_000:.1f} MB"
            yield "-# " + words(
                "{name} is too large for here: a button links to it.",
                name=f"`{each.picture.name}` ({size})",
            )


def _words(job: Job) -> Words:
    return Words(job.origin.locale)


def _heading(words: Words, job: Job) -> str:
    """The member's words, who they are, and from which message this one goes on."""
    prompt = escape(str(job.request.values.get("prompt", "")), PROMPT_CHARACTERS)
    who = f"<@{job.origin.user_id}>"
    first = f"**{prompt}** — {who}" if prompt else who
    return f"{first}\n-# {_origin(words, job)}" if job.parent else first


def _origin(words: Words, job: Job) -> str:
    parent = job.parent
    if parent is None:
        return ""
    done = next((said for action, said in _DONE_TO.items() if action == parent.action), "Made")
    guild = job.origin.guild_id or "@me"
    link = f"https://discord.com/channels/{guild}/{job.origin.channel_id}/{parent.message_id}"
    source = words("an earlier request")
    if parent.message_id:
        source = f"[{words('an earlier message')}]({link})"
    if parent.number is not None:
        source = words("picture {number} of {source}", number=parent.number, source=source)
    return words("{done} from {source}", done=words(done), source=source)


def _standing(words: Words, job: Job, waiting: Waiting) -> Iterator[str]:
    """Yield what the job waits for, and how long that may take."""
    if job.is_held and job.tier.jobs_at_once == 1:
        yield words("Waits until your running request has ended")
    elif job.is_held:
        number = job.tier.jobs_at_once
        yield words("Waits until one of your {number} running requests has ended", number=number)
    elif job.state is JobState.DISPATCHED and waiting.seconds is None:
        yield words("A GPU is waking up: that takes a minute or two the first time")
    elif job.state is JobState.DISPATCHED:
        time = _duration(words, waiting.seconds or 0)
        yield words("A GPU is waking up: about {time} the first time", time=time)
    elif waiting.place is None:
        yield words("Being prepared")
    else:
        yield words("Place {place} in the line", place=f"{waiting.place + 1:,}")
        if waiting.seconds is not None:
            yield words("about {time}", time=_duration(words, waiting.seconds))


def _now(words: Words, job: Job, progress: Progress) -> Iterator[str]:
    """Yield what is being done, and how long all of it will still take."""
    if job.parts:  # what one of them is doing says nothing of the others
        yield words("{ended} of {all} pictures made", ended=progress.ended, all=len(job.parts))
    elif progress.node_title:
        yield escape(progress.node_title, 60)
        if progress.steps:
            yield words("step {step} of {steps}", step=progress.step, steps=progress.steps)
    if left := round(progress.eta_s or 0):
        yield words("about {time} left", time=_duration(words, left))


def _duration(words: Words, seconds: float) -> str:
    whole = max(1, round(seconds))
    if whole >= _IN_MINUTES_S:
        return words("{number} min", number=whole // 60)
    return words("{number} s", number=whole)


def _bar(percent: float) -> str:
    done = round(percent / 100 * BAR_CELLS)
    return "█" * done + "░" * (BAR_CELLS - done)
