"""Commands in the languages of their members: what Discord is given, and what it refuses."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distillery.core import failure_words
from distillery.core.errors import BrokenRecipe
from distillery.core.locales import LOCALES, version
from distillery.core.recipes.recipe import Choice, Option, OptionKind, Recipe
from distillery.discord.command_limits import MAX_CHARACTERS, characters, check_together
from distillery.discord.command_parts import message_command, text
from distillery.discord.command_style import CommandStyle
from distillery.discord.commands import all_commands
from distillery.discord.serve_command import serve_command
from distillery.discord.translation import Words, catalogue, languages
from distillery.recipe_files import load_recipes
from distillery.rule_files import load_rules
from local.discord import command_rules
from local.discord.command_routes import as_in_the_document
from local.discord.openapi import OpenApi, document_at_hand

ROOT = Path(__file__).parents[2]
SHIPPED = load_recipes(ROOT / "workflows")
OPENAPI = OpenApi(document_at_hand())
PROMPT = Option("prompt", OptionKind.STRING, "What to paint", required=True, max_length=6000)
STEPS = Option("steps", OptionKind.INTEGER, "Steps of mine", default=20, minimum=1, maximum=60)


def recipe(name: str, *options: Option, default: bool = True, **more: Any) -> Recipe:
    """Make a recipe of which only the options matter."""
    return Recipe(name, name.title(), "Paints", default, {}, options, ("9",), **more)


def command(*recipes: Recipe) -> dict[str, Any]:
    return serve_command({recipe.name: recipe for recipe in recipes})


def problems(commands: list[dict[str, Any]]) -> list[Any]:
    """What the local Discord, and Discord's own document, say against commands."""
    found = [p for c in commands for p in command_rules.command_problems(c, in_guild=False)]
    schema = "ApplicationCommandUpdateRequest"
    return found + [p for c in commands for p in OPENAPI.problems(schema, c)]


def texts(part: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every description and every name of a choice, with its versions."""
    for field in ("description", "name"):
        if field in part and (field == "description" or "value" in part):
            yield part[field], part.get(f"{field}_localizations", {})
    for inner in (*part.get("options", ()), *part.get("choices", ())):
        yield from texts(inner)


@pytest.mark.parametrize("style", CommandStyle)
def test_discord_and_the_local_discord_take_the_shipped_commands(style: CommandStyle) -> None:
    commands = all_commands(SHIPPED, style)

    assert problems([as_in_the_document(command) for command in commands]) == []
    assert all(characters(command) <= MAX_CHARACTERS for command in commands)
    assert problems([{**commands[0], "name_localizations": {"de": "Groß"}}]) != []


def test_distillery_speaks_five_languages_that_discord_has() -> None:
    assert set(languages()) == {"de", "es-ES", "fr", "ja", "pt-BR"}
    assert set(languages()) <= set(LOCALES)
    assert set(LOCALES) <= command_rules.LOCALES


def described_parts(command: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The command, and all its options and subcommands."""
    yield command
    for part in command.get("options", ()):
        yield from described_parts(part)


@pytest.mark.parametrize("style", CommandStyle)
def test_commands_and_all_their_options_are_described_in_every_language(
    style: CommandStyle,
) -> None:
    commands = [command for command in all_commands(SHIPPED, style) if command["type"] == 1]
    described = [
        (part["description"], set(part.get("description_localizations", {})))
        for command in commands
        for part in described_parts(command)
    ]
    assert len(described) > 45
    assert [said for said, versions in described if not versions >= set(languages())] == []


def test_what_can_be_chosen_is_named_in_every_language() -> None:
    ours = [c for c in all_commands(SHIPPED) if c["name"] in ("cancel", "history")]
    choices = [choice for c in ours for option in c["options"] for choice in option["choices"]]
    menu = [command for command in all_commands(SHIPPED) if command["type"] == 3]
    assert (len(choices), len(menu)) == (4, 4)
    for named in (*choices, *menu):
        assert set(named["name_localizations"]) == set(languages()), named["name"]


def test_the_main_options_have_a_name_in_every_language() -> None:
    options = {option["name"]: option for option in serve_command(SHIPPED)["options"]}
    for name in ("prompt", "negative", "size", "steps", "seed", "style", "image", "images"):
        assert set(options[name]["name_localizations"]) == set(languages()), name
    assert options["steps"]["name_localizations"]["fr"] == "étapes"


def test_our_name_for_an_option_gives_way_to_a_manifest_s() -> None:
    mine = replace(STEPS, names={"de": "runden"})
    other = replace(STEPS, name="mine", names={"fr": "étapes"})
    third = replace(STEPS, name="anzahl")
    made = command(
        recipe("a", PROMPT, mine, other, third, replace(STEPS, name="seed", random=True))
    )
    options = {option["name"]: option.get("name_localizations", {}) for option in made["options"]}
    assert options["steps"]["de"] == "runden"
    assert "fr" not in options["steps"], "another option is called so"
    assert "de" not in options["images"]
    assert options["steps"]["ja"] == "ステップ"


def test_every_translation_has_the_same_texts_and_the_same_braces() -> None:
    def braces(said: str) -> list[str]:
        return sorted(name for _, name, _, _ in string.Formatter().parse(said) if name is not None)

    keys = [set(catalogue(locale)) for locale in languages()]
    assert all(other == keys[0] for other in keys)
    for locale in languages():
        for english, said in catalogue(locale).items():
            assert said.strip(), f"{locale}: {english}"
            assert braces(said) == braces(english), f"{locale}: {english}"


def constants(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """The texts that a module gives names to, one by one or as the values of a table."""
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign):
            continue
        target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
        if isinstance(target, ast.Name):
            inner = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            texts = [one.value for one in inner if isinstance(one, ast.Constant)]
            yield target.id, [text for text in texts if isinstance(text, str)]


TOLD = {
    *("words", "UserError", "NotServed", "NotChecked", "InvalidOption", "NotEnoughCredits", "Done"),
}
"""What makes of a text something that a member reads."""


def said(tree: ast.Module, named: Mapping[str, list[str]]) -> Iterator[str]:
    """The texts in `words("…")`, `self.words(interaction)(NAME)`, `UserError(TABLE[…])` and so on,

    and those that a job's outcome keeps, or a rule: `Outcome(error=NAME)`, `fail(job, NAME)`.
    """
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        speaker = call.func.func if isinstance(call.func, ast.Call) else call.func
        name = getattr(speaker, "id", getattr(speaker, "attr", ""))
        told = call.args[:1] if name.strip("_") in TOLD else []
        told = call.args[1:2] if name == "fail" else told  # the first is the job
        told += [word.value for word in call.keywords if word.arg in ("error", "message")]
        for one in told:
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value:
                yield one.value
            where = one.value if isinstance(one, ast.Subscript) else one
            yield from named.get(getattr(where, "id", ""), [])


FOR_OTHERS = ("distillery/core/rules/rule_file.py",)
"""What operators read is in English."""


def test_every_text_that_is_said_to_members_is_translated() -> None:
    folders = ("distillery/discord", "lambdas/interactions", "distillery/core")
    files = {p for folder in folders for p in (ROOT / folder).rglob("*.py")}
    files -= {ROOT / name for name in FOR_OTHERS}
    trees = [ast.parse(path.read_text()) for path in sorted(files)]
    named = {name: texts for tree in trees for name, texts in constants(tree)}
    texts = {text for tree in trees for text in said(tree, named | dict(constants(tree)))}
    rules = load_rules()
    texts |= {*failure_words.FAILURES.values(), *failure_words.PICTURE_FAULTS.values()}
    texts |= {rule.message for rule in (*rules.rules, *rules.combinations) if rule.message}

    assert len(texts) > 150
    assert texts <= set(catalogue("de")), texts - set(catalogue("de"))


def test_what_may_be_said_later_names_no_command_that_makes_pictures() -> None:
    """Where commands are answered it is known how they are named, where a job ends it is not."""
    for path in (ROOT / "distillery/core").rglob("*.py"):
        assert "`/serve" not in path.read_text(), path


FORMAL = {
    "fr": r"(?i)\b(vous|votre|vos)\b",
    "de": r"\b(Ihnen|Ihren?|Ihrem|Ihrer)\b|\w+en Sie\b",
    "es-ES": r"(?i)\b(usted|ustedes)\b",
}


@pytest.mark.parametrize("locale", FORMAL)
def test_members_are_addressed_the_way_discord_does(locale: str) -> None:
    formal = [said for said in catalogue(locale).values() if re.search(FORMAL[locale], said)]

    assert formal == []


def test_a_manifest_s_words_win_over_our_own_translation() -> None:
    versions = text("description", "See where your requests stand", {"de": "Meine"})

    assert versions["description_localizations"]["de"] == "Meine"
    assert versions["description_localizations"]["fr"] == catalogue("fr")[versions["description"]]


def test_a_workflow_s_own_words_reach_every_part_of_the_command() -> None:
    size = Option(
        "size",
        OptionKind.STRING,
        "How large",
        choices=(Choice("small", "s", {"de": "klein"}), Choice("large", "l")),
        names={"de": "weite"},
        descriptions={"de": "Wie groß"},
    )
    made = command(recipe("a", size, titles={"de": "Ah"}), recipe("b", size, PROMPT, default=False))
    options = {option["name"]: option for option in made["options"]}

    assert options["size"]["name_localizations"]["de"] == "weite"
    assert options["size"]["description_localizations"] == {"de": "Wie groß"}
    assert options["size"]["choices"][0]["name_localizations"] == {"de": "klein"}
    assert "name_localizations" not in options["size"]["choices"][1]
    assert options["workflow"]["choices"][0]["name_localizations"] == {"de": "Ah"}
    assert options["workflow"]["description_localizations"]["de"].endswith("(ohne Angabe: Ah)")
    assert options["workflow"]["description_localizations"]["fr"].endswith("(sans choix : A)")


def described(name: str) -> tuple[str, Mapping[str, str]]:
    [option] = [o for o in serve_command(SHIPPED)["options"] if o["name"] == name]
    return option["description"], option["description_localizations"]


def test_what_holds_for_one_workflow_alone_is_not_said_of_all() -> None:
    for recipe_ in SHIPPED.values():
        for option in recipe_.options:
            alike = [o for r in SHIPPED.values() for o in r.options if o.name == option.name]
            if not option.hidden and len({o.description for o in alike}) > 1:
                said, versions = described(option.name)
                assert "left out" not in said
                assert not any(said[-1] in ")）" for said in versions.values())  # noqa: RUF001
    assert described("steps")[0] == "Sampling steps: more is slower and finer"
    assert described("steps")[1]["de"] == "Schritte: mehr ist langsamer und feiner"
    assert described("image")[1]["de"] == (
        "Eine Datei, etwa ein Bild; was daraus wird, hängt vom Workflow ab"
    )
    assert described("scale")[0] == "How much larger (twice if left out)"


def test_one_kind_of_english_is_not_shown_the_other() -> None:
    made = text("description", "A color of mine", {"en-GB": "A colour of mine"})

    assert made["description_localizations"]["en-US"] == "A color of mine"


@pytest.mark.parametrize(
    ("locale", "shown"), [("de", "D"), ("es-419", "E"), ("es-ES", "E"), ("fr", "T"), ("", "T")]
)
def test_a_member_reads_the_version_that_discord_would_choose(locale: str, shown: str) -> None:
    assert version("T", {"de": "D", "es-ES": "E"}, locale) == shown


def test_words_are_in_the_member_s_language_or_in_english() -> None:
    assert Words("de")("latest") == "letzter"
    assert Words("es-419")("latest") == Words("es-ES")("latest") == "última"
    assert Words("fi")("latest") == Words("../../../etc/passwd")("latest") == "latest"


def test_words_name_the_command_that_there_is() -> None:
    assert Words(ask_with="fox")("Use `/serve` or `/queue`.") == "Use `/fox` or `/queue`."


def test_what_a_member_wrote_is_not_taken_for_a_place_to_fill() -> None:
    assert Words()("A {thing} of mine", thing="{0.__class__} {x}") == "A {0.__class__} {x} of mine"


def test_the_longest_version_of_each_text_counts() -> None:
    part = {
        "name": "ab",
        "description": "cde",
        "description_localizations": {"de": "cdefgh", "fr": "c"},
        "options": [{"name": "f", "name_localizations": {"de": "ffff"}, "description": "g"}],
    }

    assert characters(part) == 2 + 6 + 4 + 1


def test_a_translation_too_long_together_is_refused_with_the_recipe_named() -> None:
    many = [
        replace(STEPS, name=f"o{n}", kind=OptionKind.STRING, choices=choices)
        for n in range(3)
        for choices in [tuple(Choice(f"{m:02}", f"{m:02}", {"de": "x" * 100}) for m in range(25))]
    ]
    assert command(recipe("a", *many[:2]))
    with pytest.raises(BrokenRecipe, match=r"workflows/a/manifest.toml: /serve has 8,\d+"):
        command(
            recipe(
                "a", *many, *(replace(STEPS, name=f"p{n}", description="y" * 100) for n in range(5))
            )
        )


@pytest.mark.parametrize(
    "second", [{"de": "stufen"}, {"de": "prompt"}], ids=["another's", "a default name"]
)
def test_two_options_with_one_name_in_a_language_are_refused(second: dict[str, str]) -> None:
    first = replace(PROMPT, names={"de": "stufen"} if second["de"] == "stufen" else {})
    with pytest.raises(BrokenRecipe, match=r"locales\.de: two options of /serve have the name"):
        command(recipe("a", first, replace(STEPS, names=second)))


def test_more_choices_than_discord_shows_are_suggested_instead() -> None:
    choices = tuple(Choice(f"{n}", n) for n in range(26))
    [size] = command(recipe("a", replace(STEPS, choices=choices)))["options"]

    assert size["autocomplete"] is True
    assert "choices" not in size


def test_more_workflows_than_discord_shows_are_suggested_instead() -> None:
    options = command(*(recipe(f"w{n}", PROMPT, default=n == 0) for n in range(26)))["options"]
    workflow = next(option for option in options if option["name"] == "workflow")

    assert workflow["autocomplete"] is True
    assert "choices" not in workflow


def test_past_prompts_are_suggested_for_the_prompt() -> None:
    [prompt] = command(recipe("a", PROMPT))["options"]

    assert (prompt["autocomplete"], prompt["max_length"]) == (True, 6000)


def names(style: CommandStyle) -> list[str]:
    recipes = {"fox": recipe("fox", PROMPT), "owl": recipe("owl", STEPS, default=False)}
    return [c["name"] for c in all_commands(recipes, style) if c["type"] == 1]


def test_the_style_says_which_commands_make_pictures() -> None:
    assert names(CommandStyle.SERVE)[:2] == ["serve", "queue"]
    assert names(CommandStyle.PER_WORKFLOW)[:3] == ["fox", "owl", "queue"]
    assert names(CommandStyle.BOTH)[:4] == ["serve", "fox", "owl", "queue"]


def test_a_workflow_s_own_command_has_its_own_options_alone() -> None:
    needed = replace(STEPS, required=True, default=None)
    recipes = {"fox": recipe("fox", PROMPT), "owl": recipe("owl", needed, default=False)}
    fox, owl = all_commands(recipes, CommandStyle.PER_WORKFLOW)[:2]

    assert [option["name"] for option in fox["options"]] == ["prompt"]
    assert [(o["name"], o["required"]) for o in owl["options"]] == [("steps", True)]
    assert problems([fox, owl]) == []


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("x" * 33, "at most 32 characters; rename the folder"),
        ("queue", "workflows/queue: /queue is another command already"),
    ],
)
def test_a_folder_that_cannot_be_a_command_is_named(name: str, answer: str) -> None:
    with pytest.raises(BrokenRecipe) as caught:
        all_commands({name: recipe(name, PROMPT)}, CommandStyle.PER_WORKFLOW)

    assert answer in str(caught.value)
    assert all_commands({name: recipe(name, PROMPT)}, CommandStyle.SERVE)


def test_more_commands_than_discord_takes_are_refused() -> None:
    recipes = {f"w{n}": recipe(f"w{n}", PROMPT, default=n == 0) for n in range(100)}
    with pytest.raises(BrokenRecipe, match="commands, Discord takes 100"):
        all_commands(recipes, CommandStyle.PER_WORKFLOW)
    with pytest.raises(BrokenRecipe, match="16 commands, Discord takes 15"):
        check_together([message_command(f"Do {n}") for n in range(16)])
