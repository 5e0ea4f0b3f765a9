"""The rules of application commands that Discord's OpenAPI document does not hold.

Source: Discord's documentation, "Application Commands".
"""

import unicodedata
from collections.abc import Iterator

from local.discord.refusals import Json, Problem

LOCALES = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
        "ar",
        "he",
    ]
)
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER = 1, 2, 3, 4, 5, 6
CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 7, 8, 9, 10, 11
CHAT_INPUT = 1
IN_A_COMMAND = {
    "id",
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "nsfw",
    "integration_types",
    "contexts",
    "handler",
}
ONLY_GLOBAL = ("integration_types", "contexts", "dm_permission")
IN_EVERY_OPTION = {
    "type",
    "name",
    "name_localizations",
    "description",
    "description_localizations",
    "required",
}
BY_OPTION = {
    SUBCOMMAND: {"options"},
    GROUP: {"options"},
    STRING: {"choices", "autocomplete", "min_length", "max_length"},
    INTEGER: {"choices", "autocomplete", "min_value", "max_value"},
    NUMBER: {"choices", "autocomplete", "min_value", "max_value"},
    CHANNEL: {"channel_types"},
    ATTACHMENT: {"file_types"},
    BOOLEAN: set[str](),
    USER: set[str](),
    ROLE: set[str](),
    MENTIONABLE: set[str](),
}
IN_A_CHOICE = {"name", "name_localizations", "value"}
CHOICE_TYPES: dict[int, tuple[type, ...]] = {STRING: (str,), INTEGER: (int,), NUMBER: (int, float)}
MOST_CHARACTERS = 8000
MOST_NAME = 32
MOST_DESCRIPTION = 100
MOST_OPTIONS = 25
MOST_CHOICES = 25
DEVANAGARI = range(0x0900, 0x0980)
THAI = range(0x0E00, 0x0E80)


def command_problems(command: Json, *, in_guild: bool) -> list[Problem]:
    """Check one whole command as an application registers it."""
    known = IN_A_COMMAND.difference(ONLY_GLOBAL) if in_guild else IN_A_COMMAND
    problems = list(_unknown(command, known, ""))
    problems += _named(command, "", chat_input=command.get("type", CHAT_INPUT) == CHAT_INPUT)
    problems += _options(command.get("options"), "options")
    if _characters(command) > MOST_CHARACTERS:
        problems.append(Problem("", f"all text together must be {MOST_CHARACTERS} or fewer"))
    return problems


def valid_name(name: object) -> bool:
    """Tell whether Discord takes this name for a slash command or an option."""
    if not isinstance(name, str) or not 1 <= len(name) <= MOST_NAME or name != name.lower():
        return False
    return all(_allowed(character) for character in name)


def _allowed(character: str) -> bool:
    if character in "-_'" or unicodedata.category(character)[0] in "LN":
        return True
    return ord(character) in DEVANAGARI or ord(character) in THAI


def _named(value: Json, path: str, *, chat_input: bool = True) -> Iterator[Problem]:
    names = {"name": value.get("name")} | _localised(value, "name")
    for place, name in names.items():
        if chat_input and not valid_name(name):
            text = "must be 1 to 32 lower-case letters, numbers, - or _"
            yield Problem(f"{path}{place}", text)
    descriptions = {"description": value.get("description")} | _localised(value, "description")
    for place, description in descriptions.items():
        if chat_input and not 1 <= len(str(description or "")) <= MOST_DESCRIPTION:
            yield Problem(f"{path}{place}", f"must be 1 to {MOST_DESCRIPTION} in length")
    for field in ("name_localizations", "description_localizations"):
        for locale in sorted(set(value.get(field) or {}) - LOCALES):
            yield Problem(f"{path}{field}.{locale}", "is not a locale of Discord")


def _localised(value: Json, name: str) -> Json:
    field = f"{name}_localizations"
    return {f"{field}.{locale}": text for locale, text in (value.get(field) or {}).items()}


def _options(value: object, path: str) -> Iterator[Problem]:
    options = _objects(value)
    if len(options) > MOST_OPTIONS:
        yield Problem(path, f"at most {MOST_OPTIONS} options")
    names = [option.get("name") for option in options]
    if len(set(names)) < len(names):
        yield Problem(path, "option names must be unique")
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        yield Problem(path, "required options must stand before optional ones")
    for index, option in enumerate(options):
        yield from _option(option, f"{path}.{index}.")


def _option(option: Json, path: str) -> Iterator[Problem]:
    kind = option.get("type")
    if not isinstance(kind, int) or kind not in BY_OPTION:
        yield Problem(f"{path}type", f"{kind!r} is not a type of option")
        return
    yield from _unknown(option, IN_EVERY_OPTION | BY_OPTION[kind], path)
    yield from _named(option, path)
    yield from _bounds(option, path)
    yield from _choices(option, kind, path)
    yield from _options(option.get("options"), f"{path}options")


def _bounds(option: Json, path: str) -> Iterator[Problem]:
    for low, high in (("min_value", "max_value"), ("min_length", "max_length")):
        bounds = [option[name] for name in (low, high) if option.get(name) is not None]
        if bounds != sorted(bounds):
            yield Problem(f"{path}{low}", f"must not be above {high}")


def _choices(option: Json, kind: int, path: str) -> Iterator[Problem]:
    choices = _objects(option.get("choices"))
    if choices and option.get("autocomplete"):
        yield Problem(f"{path}autocomplete", "cannot be used together with choices")
    if len(choices) > MOST_CHOICES:
        yield Problem(f"{path}choices", f"at most {MOST_CHOICES} choices")
    for index, choice in enumerate(choices):
        yield from _unknown(choice, IN_A_CHOICE, f"{path}choices.{index}.")
        if not isinstance(choice.get("value"), CHOICE_TYPES.get(kind, (str,))):
            yield Problem(f"{path}choices.{index}.value", "has not the type of its option")
        if not 1 <= len(str(choice.get("name") or "")) <= MOST_DESCRIPTION:
            yield Problem(f"{path}choices.{index}.name", "must be 1 to 100 in length")
    values = [repr(choice.get("value")) for choice in choices]
    if len(set(values)) < len(values):
        yield Problem(f"{path}choices", "choices must have different values")


def _characters(value: Json) -> int:
    """Count names, descriptions and values; of a localised text the longest version counts."""
    total = len(str(value.get("value", ""))) if "value" in value else 0
    for name in ("name", "description"):
        versions = [value.get(name) or "", *(value.get(f"{name}_localizations") or {}).values()]
        total += max(len(str(text)) for text in versions)
    for part in ("options", "choices"):
        total += sum(map(_characters, _objects(value.get(part))))
    return total


def _unknown(value: Json, known: set[str], path: str) -> Iterator[Problem]:
    for name in sorted(set(value) - known):
        yield Problem(f"{path}{name}", "unknown field")


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
