"""The commands that make pictures, made from the recipes: nobody writes an option down twice.

`/serve` offers the union of all workflows' options and the bounds of the widest; a workflow's own
command offers its own. What a member sends is then checked against the one recipe it is for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from distillery.core.errors import BrokenRecipe
from distillery.core.locales import Localized, version
from distillery.core.recipes.manifest_option import (
    MAX_CHOICES,
    MAX_LABEL,
    MAX_NAME,
    is_option_name,
)
from distillery.core.recipes.recipe import (
    PROMPT,
    Choice,
    Option,
    OptionKind,
    Recipe,
    default_recipe,
)
from distillery.core.tier import MAX_IMAGES
from distillery.discord.command_limits import check_command
from distillery.discord.command_parts import (
    OPTION_TYPES,
    Payload,
    chat_command,
    choice,
    localized,
    text,
)
from distillery.discord.command_parts import (
    option as our_option,
)
from distillery.discord.command_style import CommandStyle
from distillery.discord.interaction import IMAGES_OPTION, SERVE, WORKFLOW_OPTION
from distillery.discord.translation import Words, in_every_language, languages

Declared = Sequence[tuple[Recipe, Option]]
"""The options of one name, each with the recipe that declares it."""

_ANY_FILE = "A file, such as an image; what becomes of it depends on the workflow"
_BRACKETS = re.compile(r"(?<=\S)\s*[(（][^()（）]*[)）]$")  # noqa: RUF001 - as in Japanese
_HOW = "How to make them ({title} if left out)"


def making_commands(recipes: Mapping[str, Recipe], style: CommandStyle) -> list[Payload]:
    """Return the commands that make pictures; raises BrokenRecipe as `serve_command` does."""
    commands = [] if style is CommandStyle.PER_WORKFLOW else [serve_command(recipes)]
    if style is not CommandStyle.SERVE:
        commands += [_own_command(recipe) for recipe in recipes.values()]
    return commands


def serve_command(recipes: Mapping[str, Recipe]) -> Payload:
    """Return the `/serve` command alone.

    Raises BrokenRecipe when two recipes contradict each other or Discord's limits are passed.
    """
    declared = _by_name(recipes.values())
    options = [_merged(same, len(recipes)) for same in declared.values()]
    options += workflow_options(recipes, _HOW)
    options += _images_options(recipes.values())
    command = chat_command(SERVE, "Make pictures from your words", _named(_in_order(options)))
    check_command(command, _files(recipes))
    return command


def _own_command(recipe: Recipe) -> Payload:
    if len(recipe.name) > MAX_NAME:
        raise BrokenRecipe(
            f"workflows/{recipe.name}: a command's name has at most {MAX_NAME} characters; rename "
            "the folder, or set command_style to serve"
        )
    options = [_merged([(recipe, option)], 1) for option in recipe.options if not option.hidden]
    options += _images_options([recipe])
    command = chat_command(
        recipe.name, recipe.description, _named(_in_order(options)), recipe.descriptions
    )
    check_command(command, _file(recipe))
    return command


def workflow_options(recipes: Mapping[str, Recipe], description: str) -> list[Payload]:
    """Return the option that chooses a recipe, where there is more than one.

    `description` may name the `{title}` of the default one.
    """
    if len(recipes) == 1:
        return []
    titles = [recipe.title for recipe in recipes.values()]
    if len(set(titles)) < len(titles):
        raise BrokenRecipe(f"{_files(recipes)}: name: two workflows share one; rename one of them")
    first = default_recipe(recipes)
    described = {
        locale: Words(locale)(description, title=version(first.title, first.titles, locale))
        for locale in languages()
    }
    option = {
        "type": OPTION_TYPES[OptionKind.STRING],
        "name": WORKFLOW_OPTION,
        **text(
            "description",
            description.format(title=first.title)[:MAX_LABEL],
            {locale: words[:MAX_LABEL] for locale, words in described.items()},
        ),
        "required": False,
    }
    if len(recipes) > MAX_CHOICES:
        return [option | {"autocomplete": True}]
    return [option | {"choices": [choice(r.title, r.name, r.titles) for r in recipes.values()]}]


def _images_options(recipes: Iterable[Recipe]) -> list[Payload]:
    """Return the option for several pictures, where chance makes one differ from the other."""
    if not any(option.random for recipe in recipes for option in recipe.options):
        return []
    return [
        our_option(
            OptionKind.INTEGER,
            IMAGES_OPTION,
            "How many pictures, made at the same time (1 if left out)",
            min_value=1,
            max_value=MAX_IMAGES,
        )
    ]


def _in_order(options: Sequence[Payload]) -> list[Payload]:
    """Discord demands required options first; then comes what most members look for."""
    first = (PROMPT, WORKFLOW_OPTION)

    def rank(name: str) -> int:
        return first.index(name) if name in first else len(first)

    return sorted(options, key=lambda option: (not option["required"], rank(option["name"])))


def _named(options: Sequence[Payload]) -> list[Payload]:
    """Return the options with our names in each language, unless a manifest has named them.

    Where another option has that name, the default one stays: Discord refuses two of a name.
    """
    named = [dict(option) for option in options]
    for option in named:
        versions = _names(option)
        for locale, said in in_every_language(option["name"]).items():
            name = said.lower()
            others = [version(o["name"], _names(o), locale) for o in named if o is not option]
            if is_option_name(name) and name not in others:
                versions = {locale: name, **versions}
        option.update(localized("name", option["name"], versions))
    return named


def _names(option: Payload) -> Localized:
    names: Localized = option.get("name_localizations", {})
    return names


def _by_name(recipes: Iterable[Recipe]) -> dict[str, list[tuple[Recipe, Option]]]:
    declared: dict[str, list[tuple[Recipe, Option]]] = {}
    for recipe in sorted(recipes, key=lambda recipe: not recipe.default):
        for option in recipe.options:
            if option.hidden:
                continue
            declared.setdefault(option.name, []).append((recipe, option))
    return declared


def _merged(declared: Declared, recipe_count: int) -> Payload:
    """Merge the options of one name. Names are those of the first recipe, the default one."""
    _check_same_kind(declared)
    options = [option for _, option in declared]
    first = options[0]
    everywhere = len(options) == recipe_count
    merged: Payload = {
        "type": OPTION_TYPES[first.kind],
        **localized("name", first.name, first.names),
        **_described(options),
        "required": everywhere and first.required,  # so the form of most requests asks for it
    }
    if all(option.choices and not option.suggest for option in options):
        offered = _choices(declared)
        return merged | ({"choices": offered} if offered else {"autocomplete": True})
    bounds = {
        "min_value": _widest(min, [option.minimum for option in options]),
        "max_value": _widest(max, [option.maximum for option in options]),
        "min_length": _widest(min, [option.min_length for option in options]),
        "max_length": _widest(max, [option.max_length for option in options]),
    }
    past = first.name == PROMPT and first.kind is OptionKind.STRING  # asked for before
    if past or any(option.choices for option in options):
        merged["autocomplete"] = True
    return merged | {key: bound for key, bound in bounds.items() if bound is not None}


def _described(options: Sequence[Option]) -> Payload:
    """Describe options of one name. What is true for one of them alone is not said.

    That is the default, which stands in brackets at the end, and what becomes of a file.
    """
    first = options[0]
    if all(option.description == first.description for option in options):
        return text("description", first.description, first.descriptions)
    if first.kind is OptionKind.ATTACHMENT:
        return text("description", _ANY_FILE)
    versions = {**in_every_language(first.description), **first.descriptions}
    return localized(
        "description",
        _BRACKETS.sub("", first.description),
        {locale: _BRACKETS.sub("", said) for locale, said in versions.items()},
    )


def _widest(pick: Callable[[list[float]], float], bounds: Sequence[float | None]) -> float | None:
    """The least or greatest bound; none when one recipe has none."""
    known = [bound for bound in bounds if bound is not None]
    return pick(known) if len(known) == len(bounds) else None


def _check_same_kind(declared: Declared) -> None:
    first_recipe, first = declared[0]
    for recipe, option in declared[1:]:
        if option.kind is not first.kind:
            raise BrokenRecipe(
                f"{_file(recipe)}: options.{option.name}.type: is {option.kind}, but {first.kind} "
                f"in {_file(first_recipe)}; use one type or two names"
            )


def _choices(declared: Declared) -> list[Payload]:
    """Return the choices of all, or nothing where Discord would not show so many at once."""
    merged: dict[str | int | float, Choice] = {}
    for recipe, option in declared:
        for one in option.choices:
            merged.setdefault(one.value, one)
        names = [one.name for one in merged.values()]
        if len(set(names)) < len(names):
            raise BrokenRecipe(
                f"{_file(recipe)}: options.{option.name}.choices: a name stands for another value "
                "in another workflow; rename it"
            )
    if len(merged) > MAX_CHOICES:
        return []
    return [choice(one.name, one.value, one.names) for one in merged.values()]


def _file(recipe: Recipe) -> str:
    return f"workflows/{recipe.name}/manifest.toml"


def _files(recipes: Mapping[str, Recipe]) -> str:
    return ", ".join(_file(recipe) for recipe in recipes.values())
