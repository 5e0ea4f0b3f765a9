"""All that is known of a request, for the member who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from distillery.core.job import Job
from distillery.core.recipes.recipe import PROMPT, Recipe, Value
from distillery.discord.components import MOST_TEXT
from distillery.discord.markdown import escape
from distillery.discord.translation import Words

PROMPT_CHARACTERS = 1200  # twice as many when every one of them is escaped
VALUE_CHARACTERS = 200
NAME_CHARACTERS = 40


def info(words: Words, job: Job, recipe: Recipe | None) -> str:
    """Return what a request was, how it ended and when, as one text.

    `recipe` is the one it was for, unless that is not installed any more.
    """
    title = words.own(recipe.title, recipe.titles) if recipe else job.request.workflow
    lines = [
        f"**{escape(title, 60)}** · "
        + words("asked by {member}", member=f"<@{job.origin.user_id}>")
    ]
    values = dict(job.request.values)
    if prompt := values.pop(PROMPT, None):
        lines.append(escape(str(prompt), PROMPT_CHARACTERS))
    files: dict[str, Value] = dict.fromkeys(job.request.attachments, words("a file"))
    lines += option_lines(words, recipe, {**values, **files})
    lines += _ending(words, job)
    text = "\n".join(lines)
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def option_lines(
    words: Words, recipe: Recipe | None, values: Mapping[str, Value], most: int = VALUE_CHARACTERS
) -> Iterator[str]:
    """Yield each option that is not empty as it was chosen: with the name of its choice, if any.

    `most` is how many characters of a value are shown.
    """
    options = {option.name: option for option in recipe.options} if recipe else {}
    for name, value in values.items():
        option = options.get(name)
        label = words.own(name, option.names) if option else name
        chosen = next((c for c in option.choices if c.value == value), None) if option else None
        shown = words.own(chosen.name, chosen.names) if chosen else value
        if shown != "":
            yield f"- {escape(label, NAME_CHARACTERS)}: {_value(words, shown, most)}"


def _value(words: Words, value: Value, most: int) -> str:
    if isinstance(value, bool):
        return words("yes") if value else words("no")
    return escape(value, most) if isinstance(value, str) else f"`{str(value)[:most]}`"


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
