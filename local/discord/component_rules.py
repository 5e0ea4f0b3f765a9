"""The rules of message components that Discord's OpenAPI document does not hold.

Source: Discord's documentation, "Component Reference".
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from local.discord.refusals import Json, Problem

ROW, BUTTON, STRING_SELECT = 1, 2, 3
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
SELECTS = frozenset({STRING_SELECT, 5, 6, 7, 8})
LINK, PREMIUM = 5, 6
SELECT = {"custom_id", "placeholder", "min_values", "max_values", "disabled", "required"}
FIELDS = {
    ROW: {"components"},
    BUTTON: {"style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"},
    STRING_SELECT: SELECT | {"options"},
    5: SELECT | {"default_values"},
    6: SELECT | {"default_values"},
    7: SELECT | {"default_values"},
    8: SELECT | {"default_values", "channel_types"},
    SECTION: {"components", "accessory"},
    TEXT: {"content"},
    THUMBNAIL: {"media", "description", "spoiler"},
    GALLERY: {"items"},
    FILE: {"file", "spoiler"},
    SEPARATOR: {"divider", "spacing"},
    CONTAINER: {"components", "accent_color", "spoiler"},
}
IN_A_CONTAINER = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR})
CHILDREN = {
    ROW: SELECTS | {BUTTON},
    SECTION: frozenset({TEXT}),
    CONTAINER: IN_A_CONTAINER,
}
IN_AN_ITEM = {"media", "description", "spoiler"}
IN_AN_OPTION = {"label", "value", "description", "emoji", "default"}
ONLY_IN_V2 = frozenset(kind for kind in FIELDS if kind >= SECTION)
MOST_COMPONENTS = 40
MOST_ROWS = 5
MOST_BUTTONS = 5
MOST_PICTURES = 10
MOST_CUSTOM_ID = 100
MOST_LABEL = 80
MOST_TEXT = 4000
MOST_OPTIONS = 25
MOST_TEXTS_IN_A_SECTION = 3


def component_problems(components: object, *, v2: bool) -> list[Problem]:
    """Check the `components` of a message; `v2`: its IS_COMPONENTS_V2 flag is set."""
    if not isinstance(components, list):
        return []
    found = list(walk(components, "components"))
    problems = [problem for path, component in found for problem in _component(component, path)]
    problems += _totals([component for _, component in found])
    return problems + list(_top(components) if v2 else _without_v2(components, found))


def walk(components: Sequence[object], path: str) -> Iterator[tuple[str, Json]]:
    """Yield every component with its place, also those inside others."""
    for index, component in enumerate(components):
        if isinstance(component, dict):
            place = f"{path}.{index}"
            yield place, component
            yield from walk(component.get("components") or [], f"{place}.components")
            if isinstance(component.get("accessory"), dict):
                yield f"{place}.accessory", component["accessory"]


def _component(component: Json, path: str) -> Iterator[Problem]:
    kind = component.get("type")
    if not isinstance(kind, int) or kind not in FIELDS:
        yield Problem(f"{path}.type", f"{kind!r} is not a component of a message")
        return
    for name in sorted(set(component) - FIELDS[kind] - {"type", "id"}):
        yield Problem(f"{path}.{name}", "unknown field")
    if "custom_id" in component and not 1 <= len(str(component["custom_id"])) <= MOST_CUSTOM_ID:
        yield Problem(f"{path}.custom_id", f"must be 1 to {MOST_CUSTOM_ID} in length")
    yield from _children(component, kind, path)
    if check := OF_A_KIND.get(kind):
        yield from check(component, path)


def _children(component: Json, kind: int, path: str) -> Iterator[Problem]:
    children = component.get("components") or []
    if kind in CHILDREN and not children:
        yield Problem(f"{path}.components", "is required")
    for index, child in enumerate(children):
        if child.get("type") not in CHILDREN.get(kind, ()):
            text = f"{child.get('type')!r} may not stand in a component of type {kind}"
            yield Problem(f"{path}.components.{index}.type", text)


def _row(row: Json, path: str) -> Iterator[Problem]:
    children = row.get("components") or []
    if len(children) > MOST_BUTTONS:
        yield Problem(f"{path}.components", f"at most {MOST_BUTTONS} in a row")
    if len(children) > 1 and any(child.get("type") in SELECTS for child in children):
        yield Problem(f"{path}.components", "a menu fills a row of its own")


def _select(select: Json, path: str) -> Iterator[Problem]:
    options = select.get("options") or []
    if not 1 <= len(options) <= MOST_OPTIONS:
        yield Problem(f"{path}.options", f"must hold 1 to {MOST_OPTIONS} options")
    values = [str(option.get("value")) for option in options]
    if len(set(values)) < len(values):
        yield Problem(f"{path}.options", "options must have different values")
    for index, option in enumerate(options):
        for name in sorted(set(option) - IN_AN_OPTION):
            yield Problem(f"{path}.options.{index}.{name}", "unknown field")


def _section(section: Json, path: str) -> Iterator[Problem]:
    if len(section.get("components") or []) > MOST_TEXTS_IN_A_SECTION:
        yield Problem(f"{path}.components", f"at most {MOST_TEXTS_IN_A_SECTION} texts")
    if (section.get("accessory") or {}).get("type") not in (BUTTON, THUMBNAIL):
        yield Problem(f"{path}.accessory", "must be a button or a thumbnail")


def _text(text: Json, path: str) -> Iterator[Problem]:
    if not text.get("content"):
        yield Problem(f"{path}.content", "must not be empty")


def _gallery(gallery: Json, path: str) -> Iterator[Problem]:
    items = gallery.get("items") or []
    if not 1 <= len(items) <= MOST_PICTURES:
        yield Problem(f"{path}.items", f"must hold 1 to {MOST_PICTURES} pictures")
    for index, item in enumerate(items):
        for name in sorted(set(item) - IN_AN_ITEM):
            yield Problem(f"{path}.items.{index}.{name}", "unknown field")
        yield from _media(item.get("media"), f"{path}.items.{index}.media")


def _thumbnail(thumbnail: Json, path: str) -> Iterator[Problem]:
    yield from _media(thumbnail.get("media"), f"{path}.media")


def _media(media: object, path: str) -> Iterator[Problem]:
    url = str(media.get("url") or "") if isinstance(media, dict) else ""
    if not url.startswith(("attachment://", "https://", "http://")):
        yield Problem(f"{path}.url", "must begin with attachment://, https:// or http://")


def _file(file: Json, path: str) -> Iterator[Problem]:
    url = str((file.get("file") or {}).get("url") or "")
    if not url.startswith("attachment://"):
        yield Problem(f"{path}.file.url", "must be an attachment:// reference")


def _button(button: Json, path: str) -> Iterator[Problem]:
    style = button.get("style")
    needed = {LINK: "url", PREMIUM: "sku_id"}.get(
        style if isinstance(style, int) else 0, "custom_id"
    )
    for name in ("custom_id", "url", "sku_id"):
        if (name in button) != (name == needed):
            word = "is required" if name == needed else "is not allowed"
            yield Problem(f"{path}.{name}", f"{word} for a button of style {style!r}")
    if style != PREMIUM and not (button.get("label") or button.get("emoji")):
        yield Problem(path, "a button needs a label or an emoji")
    if len(button.get("label") or "") > MOST_LABEL:
        yield Problem(f"{path}.label", f"must be {MOST_LABEL} or fewer in length")


OF_A_KIND: dict[int, Callable[[Json, str], Iterator[Problem]]] = {
    ROW: _row,
    BUTTON: _button,
    STRING_SELECT: _select,
    SECTION: _section,
    TEXT: _text,
    THUMBNAIL: _thumbnail,
    GALLERY: _gallery,
    FILE: _file,
}


def _totals(components: list[Json]) -> Iterator[Problem]:
    if len(components) > MOST_COMPONENTS:
        yield Problem("components", f"at most {MOST_COMPONENTS} components in a message")
    ids = sorted(str(c["custom_id"]) for c in components if c.get("custom_id"))
    for custom_id in sorted({one for one, other in pairwise(ids) if one == other}):
        yield Problem("components", f"custom_id {custom_id!r} is used more than once")
    numbers = Counter(c["id"] for c in components if c.get("id"))
    for number in [number for number, uses in numbers.items() if uses > 1]:
        yield Problem("components", f"component id {number} is used more than once")
    if sum(len(str(c.get("content") or "")) for c in components) > MOST_TEXT:
        yield Problem("components", f"all text together must be {MOST_TEXT} or fewer in length")


def _top(components: list[object]) -> Iterator[Problem]:
    for index, component in enumerate(components):
        kind = component.get("type") if isinstance(component, dict) else None
        if kind not in IN_A_CONTAINER | {CONTAINER}:
            yield Problem(f"components.{index}.type", f"{kind!r} may not stand here")


def _without_v2(components: list[object], found: list[tuple[str, Json]]) -> Iterator[Problem]:
    if len(components) > MOST_ROWS:
        yield Problem("components", f"at most {MOST_ROWS} rows")
    for path, component in found:
        nested = path.count(".") > 1
        if component.get("type") in ONLY_IN_V2:
            yield Problem(f"{path}.type", "needs the IS_COMPONENTS_V2 flag")
        elif not nested and component.get("type") != ROW:
            yield Problem(f"{path}.type", "only action rows may stand here")
