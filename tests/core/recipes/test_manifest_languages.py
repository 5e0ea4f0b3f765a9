"""A manifest in other languages."""

from __future__ import annotations

import json

import pytest

from distillery.core.errors import BrokenRecipe
from distillery.core.recipes.manifest import parse_recipe
from distillery.core.recipes.recipe import Recipe
from tests.core.recipes.painter import GRAPH, MANIFEST, node

LOCALES = """
[locales.de]
name = "Maler"
description = "Malt"
options.prompt = { name = "beschreibung", description = "Was" }
options.style.choices = { "No style" = "Kein Stil" }

[locales.ja.options.prompt]
description = "何を描くか"
"""
STYLED = (
    """
[options.style]
type = "string"
description = "A style"
choices = [{ name = "No style", value = "none" }, "bold"]
slot = { node = "Prompt", input = "text" }

[outputs]"""
).replace("Prompt", "Twin2")


def in_languages(locales: str) -> Recipe:
    """Read the manifest with translations, and with an option that has choices."""
    graph = {**GRAPH, "9": node("Note", "Twin2", text="")}
    manifest = MANIFEST.replace("[outputs]", STYLED.strip()) + locales
    return parse_recipe("painter", graph_text=json.dumps(graph), manifest_text=manifest)


def test_a_manifest_says_everything_in_other_languages_too() -> None:
    recipe = in_languages(LOCALES)
    options = {option.name: option for option in recipe.options}

    assert (recipe.titles, recipe.descriptions) == ({"de": "Maler"}, {"de": "Malt"})
    assert options["prompt"].names == {"de": "beschreibung"}
    assert options["prompt"].descriptions == {"de": "Was", "ja": "何を描くか"}
    assert [choice.names for choice in options["style"].choices] == [{"de": "Kein Stil"}, {}]


@pytest.mark.parametrize(
    ("locales", "answer"),
    [
        ("[locales.xx]\nname = 'x'", "locales.xx: is no locale of Discord; there are ar, bg"),
        ("[locales.de]\nnaem = 'x'", "locales.de.naem: unknown; there are name, description"),
        ("[locales.de]\nname = ''", "locales.de.name: must be a text of 1 to 100 characters"),
        (
            "[locales.de]\noptions.promt.name = 'x'",
            "locales.de.options.promt: unknown; there are prompt, steps, image, style",
        ),
        (
            "[locales.de]\noptions.prompt.name = 'Groß'",
            "locales.de.options.prompt.name: must be 1 to 32 lower-case letters",
        ),
        (
            f"[locales.de]\noptions.prompt.description = '{'x' * 101}'",
            "locales.de.options.prompt.description: must be a text of 1 to 100 characters",
        ),
        (
            "[locales.de]\noptions.style.choices = { none = 'x' }",
            "locales.de.options.style.choices.none: unknown; there are No style, bold",
        ),
        (
            "[locales.de.options]\nprompt.name = 'x'\nsteps.name = 'x'",
            "locales.de.options.steps.name: 'prompt' has this name too; use two",
        ),
        ("[locales]\nde = 3", "locales.de: must be a table"),
    ],
)
def test_a_wrong_translation_is_answered_with_field_and_fix(locales: str, answer: str) -> None:
    with pytest.raises(BrokenRecipe) as caught:
        in_languages(locales)

    assert f"workflows/painter/manifest.toml: {answer}" in str(caught.value)


def test_an_option_s_name_may_have_the_marks_of_hindi_and_thai() -> None:
    for name in ("चित्र", "ขนาดภาพ", "größe", "l'image"):
        recipe = in_languages(f'[locales.hi]\noptions.prompt.name = "{name}"')
        assert recipe.options[0].names == {"hi": name}
