"""The words of `/queue`, `/cancel` and `/history`: a member's own requests, as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from distillery.core.job import Job, JobState, Picture
from distillery.core.list_jobs import Standing
from distillery.discord.link_cards import MOST_CARDS, link_card
from distillery.discord.markdown import escape
from distillery.discord.responses import MAX_CONTENT

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
NOTHING_TO_CANCEL = (
    "You have no open requests, so there is nothing to cancel. `/history` shows what has ended."
)
LEFT_OUT = "-# Older requests are left out."
LINKED = f"-# Links are made for the latest {MOST_CARDS} pictures, and work for an hour."
NOT_SHOWN = "⚠️ The answer could not be shown when it was ready. "

Link = Callable[[Job, Picture], str]
"""Signs an address at which anybody may see a picture for `LINK_LIFE_S`."""


@dataclass(frozen=True, slots=True)
class History:
    """The text of one message, and a card for each picture."""

    content: str
    embeds: Sequence[Mapping[str, Any]] = ()


def queue(standings: Sequence[Standing], balance: int | None, now: float) -> str:
    """Say where each open request stands, the latest first, and what credits are left."""
    credits_left = [] if balance is None else [f"-# You have {_count(balance, 'credit')} left."]
    if not standings:
        return "\n".join([NOTHING_OPEN, *credits_left])
    lines = [f"- {_prompt(s.job)} · {_standing(s, now)}" for s in standings]
    return _fitted("**Your open requests**", lines, credits_left)[0]


def cancelled(number: int) -> str:
    """Say how many requests were called off."""
    if not number:
        return NOTHING_TO_CANCEL
    return f"Cancelled {_count(number, 'request')}. Nothing was charged."


def history(jobs: Sequence[Job], link: Link) -> History:
    """Say how each of the jobs ended, the latest first, with links to their pictures."""
    if not jobs:
        return History(NOTHING_ENDED)
    lines = [f"{number}. {_ending(job)}" for number, job in enumerate(jobs, 1)]
    pictured = any(_pictures(job) for job in jobs)
    text, shown = _fitted("**Your last requests**", lines, [LINKED] if pictured else [])
    return History(text, _embeds(jobs[:shown], link))


def _embeds(jobs: Sequence[Job], link: Link) -> Sequence[Mapping[str, Any]]:
    cards = (
        link_card(f"Request {number}, picture {of_job}", link(job, picture))
        for number, job in enumerate(jobs, 1)
        for of_job, picture in enumerate(_pictures(job), 1)
    )
    return list(islice(cards, MOST_CARDS))


def _standing(standing: Standing, now: float) -> str:
    job = standing.job
    if job.state is JobState.DISPATCHED:
        return f"at a GPU for {max(0.0, now - job.times['dispatched']):.0f} s"
    if standing.place is not None:
        return f"place {standing.place + 1} in the line"
    if job.is_held:
        at_once = job.tier.jobs_at_once
        one = "your running request" if at_once == 1 else f"one of your {at_once} running requests"
        return f"waits until {one} has ended"
    return "being prepared"


def _ending(job: Job) -> str:
    when = int(job.times.get("concluded", job.created_at))
    first = NOT_SHOWN if "kept" in job.times else ""
    return f"{first}{_prompt(job)} · {_end(job)} · <t:{when}:R>"


def _end(job: Job) -> str:
    if job.was_cancelled:
        return "cancelled"
    if job.outcome is not None and job.outcome.error is not None:
        return f"failed: {escape(job.outcome.error, REASON_CHARACTERS)}"
    pictures = _count(len(_pictures(job)), "picture")
    return pictures if job.is_final else f"{pictures}, being sent to you"


def _pictures(job: Job) -> Sequence[Picture]:
    return job.outcome.pictures if job.outcome is not None else ()


def _prompt(job: Job) -> str:
    prompt = escape(str(job.request.values.get("prompt", "")), PROMPT_CHARACTERS)
    part = f" ({job.parts.index(job.job_id) + 1} of {len(job.parts)})" if job.parts else ""
    return f"**{prompt or escape(job.request.workflow, PROMPT_CHARACTERS)}**{part}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _fitted(heading: str, lines: Sequence[str], footer: Sequence[str]) -> tuple[str, int]:
    """Put as many lines as a message takes under a heading; the last ones, the oldest, give way.

    Returns the text, and how many lines are in it.
    """
    text = "\n".join([heading, *lines, *footer])
    shown = len(lines)
    while len(text) > MAX_CONTENT:
        shown -= 1
        text = "\n".join([heading, *lines[:shown], LEFT_OUT, *footer])
    return text, shown
