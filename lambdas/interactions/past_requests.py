"""`/history`: a member's past requests, page by page, and each of them to see and to do again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from distillery.core import keys
from distillery.core.errors import UserError
from distillery.core.job import Job, Picture
from distillery.core.list_jobs import LATEST, PROMPT, ListJobs, may_see
from distillery.core.ports import Favourites, ObjectStore
from distillery.core.recipes.recipe import Recipe
from distillery.discord import listings
from distillery.discord.buttons import Action, custom_id, star, unstar
from distillery.discord.components import (
    Component,
    button,
    choice,
    cover,
    menu,
    private_parts,
    row,
    text,
)
from distillery.discord.info_text import info
from distillery.discord.interaction import (
    ALL,
    FAVOURITES,
    HISTORY,
    Interaction,
    MalformedInteraction,
    read_show,
    read_user,
)
from distillery.discord.link_cards import LONGEST_LINK
from distillery.discord.paged import paged, read_turn, turned
from distillery.discord.suggestions import shortened
from distillery.discord.translation import Words

MOST_PICTURES = 10  # of one gallery (Discord, "Component Reference")
LOOK = "look"
"""What the menu of past requests is called."""
GONE = "This request is not kept any more. `/history` shows what is."

Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PastRequests:
    """A member's past requests, and favourites. `objects` is asked only for links to pictures."""

    recipes: Mapping[str, Recipe]
    jobs: ListJobs
    favourites: Favourites
    objects: Callable[[], ObjectStore]
    words: Callable[[Interaction], Words]

    def by_name(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of the command."""
        return {HISTORY: lambda interaction: self._page(interaction, read_show(interaction), 0)}

    def components(self) -> Mapping[str, Callable[[Interaction], Answer]]:
        """Return the function of each button and menu."""
        return {HISTORY: self._turn, LOOK: self._look}

    def _turn(self, interaction: Interaction) -> Answer:
        show, page = read_turn(interaction)
        return turned(self._page(interaction, show or ALL, page))

    def _page(self, interaction: Interaction, show: str, page: int) -> Answer:
        words = self.words(interaction)
        name = HISTORY if show == ALL else f"{HISTORY}:{show}"
        ended = self._jobs(read_user(interaction), show)
        pages = max(1, -(-len(ended) // listings.MOST_ENDED))
        page = min(page, pages - 1)
        first = page * listings.MOST_ENDED
        shown = ended[first : first + listings.MOST_ENDED]
        history = listings.history(
            shown, self._link, words, first + 1, favourites=show == FAVOURITES
        )
        choices = [
            choice(shortened(f"{number}. {job.request.values.get(PROMPT, '')}"), job.job_id)
            for number, job in enumerate(shown, first + 1)
        ]
        picker = menu(LOOK, choices, words("See one, and do it again")) if choices else None
        return paged(
            words,
            name,
            page,
            pages,
            history.content,
            embeds=history.embeds,
            rows=[row([picker])] if picker else [],
        )

    def _jobs(self, user_id: str, show: str) -> Sequence[Job]:
        if show == FAVOURITES:
            return self.jobs.favourites(self.favourites.of_member(user_id), user_id, LATEST)
        return self.jobs.ended(user_id, LATEST)

    def _look(self, interaction: Interaction) -> Answer:
        words = self.words(interaction)
        user_id = read_user(interaction)
        job = self.jobs.store.load(_chosen(interaction))
        kept = job is not None and job.lead_id in self.favourites.of_member(user_id)
        if job is None or not may_see(job, user_id, is_favourite=kept):
            raise UserError(words(GONE))
        recipe = self.recipes.get(job.request.workflow)
        said = text(info(words, [job], recipe))
        buttons = row(_buttons(words, job, is_favourite=kept))
        return private_parts([said, *self._gallery(job), buttons])

    def _gallery(self, job: Job) -> list[dict[str, Any]]:
        pictures = job.outcome.pictures if job.outcome else ()
        drawn = [one for one in pictures if one.content_type.startswith(("image/", "video/"))]
        links = [self._link(job, one) for one in drawn]
        items = [
            {"media": {"url": link}, **cover(is_on=picture.spoiler)}
            for picture, link in zip(drawn, links, strict=True)
            if _can_be_shown(link)
        ][:MOST_PICTURES]
        return [{"type": 12, "items": items}] if items else []

    def _link(self, job: Job, picture: Picture) -> str:
        key = keys.output_key(job.job_id, job.attempt, picture.name)
        return self.objects().sign_get(key, listings.LINK_LIFE_S)


def _buttons(words: Words, job: Job, *, is_favourite: bool) -> Iterator[Component]:
    yield button(custom_id(Action.AGAIN, job.job_id), words("Again"), emoji="🔁")
    yield button(custom_id(Action.EDIT, job.job_id), words("Edit"), emoji="✏️")
    if is_favourite:
        yield unstar(words, job.lead_id)
    elif job.outcome is not None and job.outcome.pictures and "removed" not in job.times:
        yield star(words, job.lead_id)


def _can_be_shown(link: str) -> bool:
    """Discord shows what lies at an address of the web, and takes no longer ones."""
    return link.startswith(("https://", "http://")) and len(link) <= LONGEST_LINK


def _chosen(interaction: Interaction) -> str:
    try:
        [chosen] = interaction.document["data"]["values"]
    except (KeyError, TypeError, ValueError) as problem:
        raise MalformedInteraction(f"nothing chosen: {problem!r}") from problem
    return str(chosen)
