"""What a member asks for on top of a request that is there: again, changed, or more of a picture.

The recipe may have changed since: what it does not take any more is left out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from distillery.core import keys
from distillery.core.errors import InvalidOption, UserError
from distillery.core.job import Job, Picture
from distillery.core.recipes.options import check_value
from distillery.core.recipes.recipe import (
    NEGATIVE,
    PROMPT,
    Action,
    Attachment,
    Option,
    Recipe,
    Scalar,
    Value,
    recipe_for,
)

_READY = frozenset({"admitted", "held"})
"""Stages that a job reaches once our store has a copy of each of its files."""
NO_RECIPE = "No installed workflow can do that any more. `/help` says what can be made."
UNINSTALLED = "The workflow `{name}` is not installed any more. `/help` says what can be made."


def options_again(parent: Job, recipe: Recipe, *, same_seed: bool = False) -> dict[str, Value]:
    """Return the request's options; without `same_seed`, chance decides anew what it may."""
    values = {**parent.request.values, **_files(parent)}
    return _taken(recipe, values, drawn_anew=not same_seed)


def options_changed(
    parent: Job, recipe: Recipe, changes: Mapping[str, Value | None]
) -> dict[str, Value]:
    """Return the request's options with `changes`; None leaves an option to the recipe."""
    values = {**options_again(parent, recipe, same_seed=True), **changes}
    return {name: value for name, value in values.items() if value is not None}


def options_on_picture(
    parent: Job, made_by: Recipe | None, recipe: Recipe, picture: Attachment
) -> dict[str, Value]:
    """Return options with which `recipe` works on a picture, in the words it was made with.

    Of the settings of `made_by` (None: not installed any more) those go along that the member
    chose and that mean the same here: 4 steps are right for a model made for 4 and for no other.
    """
    values = parent.request.values
    kept = {name: values[name] for name in (PROMPT, NEGATIVE) if name in values}
    if made_by is not None:
        kept |= _chosen_for_both(made_by, recipe, values)
    return {**_taken(recipe, kept, drawn_anew=True), recipe.picture_option.name: picture}


def recipe_of(recipes: Mapping[str, Recipe], parent: Job) -> Recipe:
    """Return the recipe of a request; raises UserError when it is not installed any more."""
    recipe = recipes.get(parent.request.workflow)
    if recipe is None:
        raise UserError(UNINSTALLED, name=parent.request.workflow)
    return recipe


def recipe_made_for(recipes: Mapping[str, Recipe], action: Action) -> Recipe:
    """Return the recipe that does this to a picture; raises UserError when there is none."""
    recipe = recipe_for(recipes, action)
    if recipe is None:
        raise UserError(NO_RECIPE)
    return recipe


def as_attachment(job: Job, picture: Picture, most_bytes: int | None = None) -> Attachment:
    """Return a picture of ours as a file for another job: the smaller copy if it is too large."""
    name, content_type, size = picture.name, picture.content_type, picture.size
    if picture.copy is not None and most_bytes is not None and size > most_bytes:
        name, content_type, size = picture.copy, "image/webp", picture.copy_size
    key = keys.output_key(job.job_id, job.attempt, name)
    return Attachment(filename=name, url="", content_type=content_type, size=size, key=key)


def _files(parent: Job) -> Mapping[str, Attachment]:
    """The request's own files: our store's copies, or where they lay if it never got that far."""
    if _READY.isdisjoint(parent.times):
        return parent.request.attachments
    return {
        option: replace(file, url="", key=keys.input_key(parent.job_id, option))
        for option, file in parent.request.attachments.items()
    }


def _chosen_for_both(
    made_by: Recipe, recipe: Recipe, values: Mapping[str, Scalar]
) -> dict[str, Scalar]:
    """What was neither the first recipe's default nor its style's, where both begin alike."""
    style = made_by.style(values)
    unsaid = {**{o.name: o.default for o in made_by.options}, **(style.values if style else {})}
    alike = {_measure(option) for option in made_by.options} & set(map(_measure, recipe.options))
    names = {name for name, *_ in alike}
    return {n: v for n, v in values.items() if n in names and v != unsaid.get(n)}


def _measure(option: Option) -> tuple[object, ...]:
    """What two options have in common whose values mean the same."""
    return option.name, option.kind, option.default, option.minimum, option.maximum


def _taken(recipe: Recipe, values: Mapping[str, Value], *, drawn_anew: bool) -> dict[str, Value]:
    """What the recipe still takes of these values."""
    taken: dict[str, Value] = {}
    for option in recipe.options:
        value = values.get(option.name)
        if value is None or (option.random and drawn_anew):
            continue
        with contextlib.suppress(InvalidOption):
            taken[option.name] = check_value(option, value)
    return taken
