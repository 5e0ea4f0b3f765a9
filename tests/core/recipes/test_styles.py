"""Styles: what they add to a request, what they leave alone, and what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from distillery.core.errors import BrokenRecipe, InvalidOption
from distillery.core.flags.apply import apply_flags
from distillery.core.recipes.manifest import parse_recipe
from distillery.core.recipes.options import resolve_options
from distillery.core.recipes.recipe import Recipe, Value, fill_graph
from distillery.core.recipes.styles import parse_styles

STYLES = """
[ink]
name = "Ink drawing"
description = "Black lines"
prefix = "ink drawing of "
suffix = ", on paper"
negative = "colour"
options = { steps = 8 }

[plain]
name = "Plain"
description = "Nothing"
"""
GRAPH = {
    "1": {"class_type": "Text", "inputs": {"text": ""}, "_meta": {"title": "Prompt"}},
    "2": {"class_type": "Text", "inputs": {"text": ""}, "_meta": {"title": "Negative prompt"}},
    "3": {
        "class_type": "Sampler",
        "inputs": {"steps": 20, "positive": ["1", 0], "negative": ["2", 0]},
        "_meta": {"title": "Sampler"},
    },
}
HEAD = 'name = "Painter"\ndescription = "Paints"\nstyles = ["ink", "plain"]\n'
OPTIONS = """
[options.prompt]
type = "string"
description = "x"
required = true
slot = { node = "Prompt", input = "text" }

[options.negative]
type = "string"
description = "x"
default = ""
slot = { node = "Negative prompt", input = "text" }

[options.steps]
type = "integer"
description = "x"
default = 20
min = 1
max = 30
slot = { node = "Sampler", input = "steps" }

[outputs]
nodes = ["Sampler"]
"""


def parse(head: str = HEAD, styles: str = STYLES) -> Recipe:
    return parse_recipe(
        "painter",
        graph_text=json.dumps(GRAPH),
        manifest_text=head + OPTIONS,
        styles=parse_styles(styles),
    )


def values(recipe: Recipe, prompt: str, **given: Value) -> dict[str, Value]:
    flagged = apply_flags(recipe, [recipe], {"prompt": prompt, **given})
    return resolve_options(recipe, flagged, draw=lambda low, _: low)


def filled(prompt: str, head: str = HEAD, **given: Value) -> tuple[Any, Any, Any]:
    """Return what the graph holds: prompt, negative prompt and steps."""
    recipe = parse(head)
    graph = fill_graph(recipe, values(recipe, prompt, **given))
    texts = (graph["1"]["inputs"]["text"], graph["2"]["inputs"]["text"])
    return (*texts, graph["3"]["inputs"]["steps"])


def test_a_style_puts_its_words_around_the_prompt_and_sets_what_was_left_out() -> None:
    assert filled("a fox", style="ink") == ("ink drawing of a fox, on paper", "colour", 8)


@pytest.mark.parametrize("written", ["ink", "Ink drawing", "INK_drawing"])
def test_a_style_is_found_by_its_name_or_title(written: str) -> None:
    assert filled("a fox", style=written)[2] == 8


def test_what_a_member_says_wins_over_the_style() -> None:
    given: dict[str, Value] = {"style": "ink", "steps": 12, "negative": "blurry"}

    assert filled("a fox", **given) == ("ink drawing of a fox, on paper", "blurry, colour", 12)


def test_without_a_style_nothing_is_added() -> None:
    assert filled("a fox") == ("a fox", "", 20)
    assert filled("a fox", style="plain") == ("a fox", "", 20)


def test_the_default_style_is_used_when_none_is_chosen() -> None:
    head = HEAD + 'default_style = "ink"\n'

    assert filled("a fox", head) == ("ink drawing of a fox, on paper", "colour", 8)
    assert filled("a fox", head, style="plain") == ("a fox", "", 20)


def test_raw_adds_no_words_and_keeps_the_settings() -> None:
    assert filled("a fox --raw", style="ink") == ("a fox", "", 8)


def test_the_words_of_a_style_are_no_part_of_the_request() -> None:
    assert values(parse(), "a fox", style="ink")["prompt"] == "a fox"


def test_an_unknown_style_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidOption, match=r"`style` cannot be `inc`\. Did you mean `ink`"):
        values(parse(), "a fox", style="inc")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"ink", "plain"', '"inc"', "styles: workflows/styles.toml has no 'inc'. Did you mean"),
        ('"ink", "plain"', '"ink", "ink"', "styles: must be a list of different names"),
        ('["ink", "plain"]', '["ink"]\ndefault_style = "plain"', "default_style: must be one of"),
    ],
)
def test_a_manifest_that_names_no_style_is_answered(old: str, new: str, said: str) -> None:
    with pytest.raises(BrokenRecipe) as caught:
        parse(HEAD.replace(old, new))

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("steps = 8", "steps = 99", "styles: 'ink' does not suit: `steps` must be from 1 to 30"),
        ("steps = 8", "stebs = 8", "styles: 'ink' sets 'stebs', which is no option here"),
        ('"Ink drawing"', '""', "workflows/styles.toml: ink.name: missing or wrong"),
        ('negative = "colour"', "negative = 1", "ink.negative: must be a text, not 1"),
        ("options = { steps = 8 }", "options = 8", "ink.options: must be a table of values"),
        ('suffix = ", on', 'sufix = ", on', "ink.sufix: unknown field; did you mean 'suffix'?"),
        ("[ink]", "[ink", "workflows/styles.toml: not TOML"),
    ],
)
def test_a_style_that_is_wrong_is_answered_with_the_place(old: str, new: str, said: str) -> None:
    with pytest.raises(BrokenRecipe) as caught:
        parse(styles=STYLES.replace(old, new))

    assert said in str(caught.value)
