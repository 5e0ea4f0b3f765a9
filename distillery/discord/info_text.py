"""All that is known of a request, for the member who asks."""

from __future__ import annotations

from collections.abc import Iterator

from distillery.core.job import Job
from distillery.discord.components import MOST_TEXT
from distillery.discord.markdown import escape
from distillery.discord.translation import Words

PROMPT_CHARACTERS = 1200  # twice as many when every one of them is escaped
VALUE_CHARACTERS = 200


def info(words: Words, job: Job, title: str) -> str:
    """Return what a request was, how it ended and when, as one text."""
    lines = [
        f"**{escape(title, 60)}** · "
        + words("asked by {member}", member=f"<@{job.origin.user_id}>")
    ]
    values = dict(job.request.values)
    prompt = values.pop("prompt", None)
    if prompt:
        lines.append(escape(str(prompt), PROMPT_CHARACTERS))
    lines += [f"- {escape(n, 40)}: {_value(value)}" for n, value in values.items() if value != ""]
    lines += [f"- {escape(n, 40)}: {words('a file')}" for n in job.request.attachments]
    lines += _ending(words, job)
    text = "\n".join(lines)
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def _value(value: object) -> str:
    return escape(str(value), VALUE_CHARACTERS) if isinstance(value, str) else f"`{value}`"


def _ending(words: Words, job: Job) -> Iterator[str]:
    pictures = job.outcome.pictures if job.outcome else ()
    for number, one in enumerate(pictures, 1):
        size = f"{one.width} × {one.height}, " if one.width and one.height else ""
        which = words("picture {number}", number=number)
        yield f"- {which}: {size}{one.size / 1_000_000:.2f} MB, `{one.content_type}`"
    if job.outcome is not None and "concluded" in job.times:
        took_s = job.times["concluded"] - job.created_at
        yield "- " + words(
            "made in {all} s, {painting} s of them painting",
            all=f"{took_s:.0f}",
            painting=f"{job.outcome.engine_s:.1f}",
        )
    if job.parent is not None:
        yield "- " + words("goes on from request {request}", request=f"`{job.parent.job_id}`")
    request = words("Request {request}", request=f"`{job.job_id}`")
    yield f"-# {request} · <t:{int(job.created_at)}:f>"
