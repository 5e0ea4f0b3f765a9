"""The words of `/queue`, `/cancel` and `/history`: a member's own requests, as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from distillery.core.failure_words import words_of
from distillery.core.job import Job, JobState, Picture
from distillery.core.list_jobs import Standing
from distillery.discord.link_cards import MOST_CARDS, link_card
from distillery.discord.markdown import escape
from distillery.discord.paged import PAGE_CHARACTERS
from distillery.discord.translation import Words

MOST_OPEN = 100
MOST_ENDED = 10
LINK_LIFE_S = 3600
PROMPT_CHARACTERS = 60
REASON_CHARACTERS = 160

NOTHING_OPEN = (
    "You have no open requests. Ask for pictures with `/serve`; `/history` shows what has ended."
)
NOTHING_ENDED = (
    "None of your requests has ended yet. Ask for pictures with `/serve`; "
    "`/queue` shows what is on its way."
)
NO_FAVOURITES = "You have no favourites yet. The star below a picture makes it one."
NOTHING_TO_CANCEL = (
    "You have no open requests, so there is nothing to cancel. `/history` shows what has ended."
)
MORE_OPEN = "More are open still: send `/cancel which: all` again."
LEFT_OUT = "-# Older requests are left out."
LINKED = "-# Links are made for the latest {number} pictures, and work for an hour."
NOT_SHOWN = "⚠️ The answer could not be shown when it was ready. "

_ENGLISH = Words()

Link = Callable[[Job, Picture], str]
"""Signs an address at which anybody may see a picture for `LINK_LIFE_S`."""


@dataclass(frozen=True, slots=True)
class History:
    """The text of one message, and a card for each picture."""

    content: str
    embeds: Sequence[Mapping[str, Any]] = ()


def queue(
    standings: Sequence[Standing], balance: int | None, now: float, words: Words = _ENGLISH
) -> str:
    """Say where each open request stands, the latest first, and what credits are left."""
    left = [] if balance is None else [_credits(words, balance)]
    if not standings:
        return "\n".join([words(NOTHING_OPEN), *left])
    lines = [f"- {_prompt(s.job)} · {_standing(words, s, now)}" for s in standings]
    return _fitted(words, words("**Your open requests**"), lines, left)[0]


def cancelled(number: int, words: Words = _ENGLISH, *, are_more: bool = False) -> str:
    """Say how many requests were called off, and whether more are open."""
    if not number:
        return words(MORE_OPEN if are_more else NOTHING_TO_CANCEL)
    said = words("Cancelled 1 request. Nothing was charged.")
    if number > 1:
        said = words("Cancelled {number} requests. Nothing was charged.", number=number)
    return f"{said} {words(MORE_OPEN)}" if are_more else said


def history(
    jobs: Sequence[Job],
    link: Link,
    words: Words = _ENGLISH,
    first: int = 1,
    *,
    favourites: bool = False,
) -> History:
    """Say how each of the jobs ended, the latest first, with links to their pictures.

    `first` is the number of the first of them.
    """
    if not jobs:
        return History(words(NO_FAVOURITES) if favourites else words(NOTHING_ENDED))
    heading = words("**Your favourites**") if favourites else words("**Your last requests**")
    lines = [f"{number}. {_ending(words, job)}" for number, job in enumerate(jobs, first)]
    pictured = any(_pictures(job) for job in jobs)
    footer = [words(LINKED, number=MOST_CARDS)] if pictured else []
    text, shown = _fitted(words, heading, lines, footer)
    return History(text, _embeds(words, jobs[:shown], link, first))


def _embeds(
    words: Words, jobs: Sequence[Job], link: Link, first: int
) -> Sequence[Mapping[str, Any]]:
    cards = (
        link_card(
            words,
            words("Request {number}, picture {picture}", number=number, picture=of_job),
            link(job, picture),
            is_shown=_may_be_shown(job, picture),
        )
        for number, job in enumerate(jobs, first)
        for of_job, picture in enumerate(_pictures(job), 1)
    )
    return list(islice(cards, MOST_CARDS))


def _may_be_shown(job: Job, picture: Picture) -> bool:
    """A list may be called up anywhere: what has to be covered is only linked."""
    is_covered = picture.spoiler or job.origin.age_restricted
    return picture.content_type.startswith("image/") and not is_covered


def _standing(words: Words, standing: Standing, now: float) -> str:
    job = standing.job
    if job.state is JobState.DISPATCHED:
        seconds = max(0.0, now - job.times["dispatched"])
        return words("at a GPU for {seconds} s", seconds=f"{seconds:.0f}")
    if standing.place is not None:
        return words("place {place} in the line", place=standing.place + 1)
    if job.is_held and job.tier.jobs_at_once == 1:
        return words("waits until your running request has ended")
    if job.is_held:
        at_once = job.tier.jobs_at_once
        return words("waits until one of your {number} running requests has ended", number=at_once)
    return words("being prepared")


def _ending(words: Words, job: Job) -> str:
    when = int(job.times.get("concluded", job.created_at))
    first = words(NOT_SHOWN) if "kept" in job.times else ""
    return f"{first}{_prompt(job)} · {_end(words, job)} · <t:{when}:R>"


def _end(words: Words, job: Job) -> str:
    if job.was_cancelled:
        return words("cancelled")
    if job.outcome is not None and job.outcome.error is not None:
        said, values = words_of(job.outcome)
        reason = words(said, **values)
        return words("failed: {reason}", reason=escape(reason, REASON_CHARACTERS))
    number = len(_pictures(job))
    pictures = words("1 picture") if number == 1 else words("{number} pictures", number=number)
    return pictures if job.is_final else words("{pictures}, being sent to you", pictures=pictures)


def _pictures(job: Job) -> Sequence[Picture]:
    return job.outcome.pictures if job.outcome is not None else ()


def _prompt(job: Job) -> str:
    prompt = escape(str(job.request.values.get("prompt", "")), PROMPT_CHARACTERS)
    part = f" ({job.parts.index(job.job_id) + 1}/{len(job.parts)})" if job.parts else ""
    return f"**{prompt or escape(job.request.workflow, PROMPT_CHARACTERS)}**{part}"


def _credits(words: Words, balance: int) -> str:
    if balance == 1:
        return words("-# You have 1 credit left.")
    return words("-# You have {number} credits left.", number=f"{balance:,}")


def _fitted(
    words: Words, heading: str, lines: Sequence[str], footer: Sequence[str]
) -> tuple[str, int]:
    """Put as many lines as a message takes under a heading; the last ones, the oldest, give way.

    Returns the text, and how many lines are in it.
    """
    text = "\n".join([heading, *lines, *footer])
    shown = len(lines)
    while len(text) > PAGE_CHARACTERS:
        shown -= 1
        text = "\n".join([heading, *lines[:shown], words(LEFT_OUT), *footer])
    return text, shown
