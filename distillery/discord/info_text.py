"""All that is known of a request, for the member who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from distillery.core.job import Job
from distillery.core.recipes.recipe import PROMPT, Recipe, Value
from distillery.discord.components import MOST_TEXT
from distillery.discord.markdown import escape
from distillery.discord.translation import Words

PROMPT_CHARACTERS = 1200  # twice as many when every one of them is escaped
VALUE_CHARACTERS = 200
NAME_CHARACTERS = 40


def info(words: Words, jobs: Sequence[Job], recipe: Recipe | None) -> str:
    """Return what a request was, how it ended and when, as one text.

    `jobs` share its message; `recipe` is what they were for, unless it is not installed any more.
    """
    job = jobs[0]
    title = words.own(recipe.title, recipe.titles) if recipe else job.request.workflow
    lines = [
        f"**{escape(title, 60)}** · "
        + words("asked by {member}", member=f"<@{job.origin.user_id}>")
    ]
    values = dict(job.request.values)
    if prompt := values.pop(PROMPT, None):
        lines.append(escape(str(prompt), PROMPT_CHARACTERS))
    files: dict[str, Value] = dict.fromkeys(job.request.attachments, words("a file"))
    own = _own_names(jobs)
    shared = {name: value for name, value in values.items() if name not in own}
    lines += option_lines(words, recipe, {**shared, **files})
    lines += _pictures(words, jobs, recipe, own)
    lines += _ending(words, jobs)
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


def _own_names(jobs: Sequence[Job]) -> Set[str]:
    """Name the options that are not the same in all jobs, such as the seed."""
    values = [job.request.values for job in jobs]
    return {name for name in values[0] if any(one.get(name) != values[0][name] for one in values)}


def _pictures(
    words: Words, jobs: Sequence[Job], recipe: Recipe | None, own: Set[str]
) -> Iterator[str]:
    """Yield a line for each picture, counted as in the message, with what is its job's alone."""
    made = ((job, one) for job in jobs if job.outcome for one in job.outcome.pictures)
    for number, (job, one) in enumerate(made, 1):
        size = f"{one.width} × {one.height}, " if one.width and one.height else ""
        which = words("picture {number}", number=number)
        values = {name: value for name, value in job.request.values.items() if name in own}
        theirs = (line.removeprefix("- ") for line in option_lines(words, recipe, values))
        weighs = f"{size}{one.size / 1_000_000:.2f} MB, `{one.content_type}`"
        yield ", ".join([f"- {which}: {weighs}", *theirs])


def _ending(words: Words, jobs: Sequence[Job]) -> Iterator[str]:
    job, outcomes = jobs[0], [job.outcome for job in jobs if job.outcome]
    if ended := [one.times["concluded"] for one in jobs if "concluded" in one.times]:
        yield "- " + words(
            "made in {all} s, {painting} s of them painting",
            all=f"{max(ended) - job.created_at:.0f}",
            painting=f"{sum(outcome.engine_s for outcome in outcomes):.1f}",
        )
    if job.parent is not None:
        yield "- " + words("goes on from request {request}", request=f"`{job.parent.job_id}`")
    request = words("Request {request}", request=f"`{job.job_id}`")
    yield f"-# {request} · <t:{int(job.created_at)}:f>"
