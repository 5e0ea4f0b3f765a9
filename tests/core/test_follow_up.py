"""What the shipped workflows make of a picture: with its words, and with their own settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from distillery.core.follow_up import options_on_picture
from distillery.core.job import Job, Origin, Request
from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import Action, Attachment, Recipe, Value, fill_graph, recipe_for
from distillery.recipe_files import load_recipes
from tests.core.recipe_cases import FILE

RECIPES = load_recipes(Path(__file__).parents[2] / "workflows")
PICTURE = Attachment("0_9.png", "", "image/png", 3, key="jobs/1/1/outputs/0_9.png")
ON_PICTURES = (Action.VARIATION, Action.ZOOM_OUT, Action.UPSCALE)
WORDS = {"prompt": "a red fox", "negative": "snow"}


def acting(action: Action) -> Recipe:
    recipe = recipe_for(RECIPES, action)
    assert recipe is not None
    return recipe


def resolved(recipe: Recipe, given: dict[str, Value]) -> dict[str, Value]:
    """All values of a request, the needed files among them."""
    names = {option.name for option in recipe.options}
    files = {o.name: FILE for o in recipe.options if o.takes_a_picture}
    taken = {name: value for name, value in {**files, **given}.items() if name in names}
    return resolve_options(recipe, taken, draw=lambda low, _: low)


def followed(workflow: str, action: Action, **chosen: Value) -> dict[str, Value]:
    """The values of the request that a button makes of a picture, for which this was chosen."""
    made_by = RECIPES[workflow]
    values = resolved(made_by, {**WORDS, **chosen})
    words = {name: value for name, value in values.items() if not isinstance(value, Attachment)}
    parent = Job("1", Origin("1", "t", "42", "7"), Request(workflow, words), 0.0)
    recipe = acting(action)
    return resolved(recipe, options_on_picture(parent, made_by, recipe, PICTURE))


@pytest.mark.parametrize("action", ON_PICTURES)
@pytest.mark.parametrize("workflow", RECIPES)
def test_whatever_made_a_picture_the_next_workflow_keeps_to_its_own_settings(
    workflow: str, action: Action
) -> None:
    recipe = acting(action)
    has = {option.name for option in RECIPES[workflow].options}
    words = {name: text for name, text in WORDS.items() if name in has}

    assert followed(workflow, action) == resolved(
        recipe, {**words, recipe.picture_option.name: PICTURE}
    )


@pytest.mark.parametrize("workflow", ["sdxl_inpaint", "sdxl_fast", "flux_text_to_image"])
def test_a_variation_samples_as_it_was_made_to(workflow: str) -> None:
    graph = fill_graph(acting(Action.VARIATION), followed(workflow, Action.VARIATION))
    [sampler] = [node for node in graph.values() if node["class_type"] == "KSampler"]

    wanted = {"steps": 30, "cfg": 7.0, "denoise": 0.5, "sampler_name": "dpmpp_2m"}
    assert {name: sampler["inputs"][name] for name in wanted} == wanted


def test_what_a_style_set_is_nobody_s_choice() -> None:
    values = followed("sd15_text_to_image", Action.VARIATION, style="quick")
    assert (values["steps"], values["cfg"], values["sampler"]) == (30, 7.0, "dpmpp_2m")


def test_what_the_member_chose_goes_along() -> None:
    values = followed(
        "sdxl_text_to_image", Action.VARIATION, steps=45, cfg=5.5, sampler="uni_pc", seed=9
    )
    assert (values["steps"], values["cfg"], values["sampler"]) == (45, 5.5, "uni_pc")
    assert values["seed"] == 0  # drawn anew
    assert followed("sdxl_variation", Action.VARIATION, strength=0.8)["strength"] == 0.8


@pytest.mark.parametrize(
    ("workflow", "chosen", "own"),
    [
        ("sdxl_fast", {"steps": 6, "cfg": 1.5}, {"steps": 30, "cfg": 7.0}),
        ("flux_text_to_image", {"steps": 8}, {"steps": 30}),
        ("sdxl_inpaint", {"strength": 0.9}, {"strength": 0.5}),
    ],
)
def test_a_choice_that_means_something_else_there_stays_behind(
    workflow: str, chosen: dict[str, Value], own: dict[str, Value]
) -> None:
    values = followed(workflow, Action.VARIATION, **chosen)
    assert {name: values[name] for name in own} == own


def test_of_a_workflow_that_is_gone_the_words_go_along() -> None:
    request = Request("gone", {**WORDS, "steps": 4, "seed": 7})
    parent = Job("1", Origin("1", "t", "42", "7"), request, 0.0)
    assert options_on_picture(parent, None, acting(Action.ZOOM_OUT), PICTURE) == {
        **WORDS,
        "image": PICTURE,
    }
