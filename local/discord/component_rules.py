"""The rules of message components that Discord's OpenAPI document does not hold.

Source: Discord's documentation, "Component Reference".
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from local.discord.refusals import Json, Problem

ROW, BUTTON, SECTION, GALLERY, CONTAINER = 1, 2, 9, 12, 17
LINK, PREMIUM = 5, 6
SELECT = {"custom_id", "placeholder", "min_values", "max_values", "disabled", "required"}
FIELDS = {
    ROW: {"components"},
    BUTTON: {"style", "label", "emoji", "custom_id", "sku_id", "url", "disabled"},
    3: SELECT | {"options"},
    5: SELECT | {"default_values"},
    6: SELECT | {"default_values"},
    7: SELECT | {"default_values"},
    8: SELECT | {"default_values", "channel_types"},
    SECTION: {"components", "accessory"},
    10: {"content"},
    11: {"media", "description", "spoiler"},
    GALLERY: {"items"},
    13: {"file", "spoiler"},
    14: {"divider", "spacing"},
    CONTAINER: {"components", "accent_color", "spoiler"},
}
ONLY_IN_V2 = frozenset(kind for kind in FIELDS if kind >= SECTION)
MOST_COMPONENTS = 40
MOST_ROWS = 5
MOST_BUTTONS = 5
MOST_PICTURES = 10
MOST_CUSTOM_ID = 100
MOST_LABEL = 80
MOST_TEXT = 4000


def component_problems(components: object, *, v2: bool) -> list[Problem]:
    """Check the `components` of a message; `v2`: its IS_COMPONENTS_V2 flag is set."""
    if not isinstance(components, list):
        return []
    found = list(walk(components, "components"))
    problems = [problem for path, component in found for problem in _component(component, path)]
    problems += _totals([component for _, component in found])
    if not v2:
        problems += _without_v2(components, found)
    return problems


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
    if kind == BUTTON:
        yield from _button(component, path)
    elif kind == ROW and len(component.get("components") or []) > MOST_BUTTONS:
        yield Problem(f"{path}.components", f"at most {MOST_BUTTONS} in a row")
    elif kind == GALLERY and not 1 <= len(component.get("items") or []) <= MOST_PICTURES:
        yield Problem(f"{path}.items", f"must hold 1 to {MOST_PICTURES} pictures")


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


def _without_v2(components: list[object], found: list[tuple[str, Json]]) -> Iterator[Problem]:
    if len(components) > MOST_ROWS:
        yield Problem("components", f"at most {MOST_ROWS} rows")
    for path, component in found:
        nested = path.count(".") > 1
        if component.get("type") in ONLY_IN_V2:
            yield Problem(f"{path}.type", "needs the IS_COMPONENTS_V2 flag")
        elif not nested and component.get("type") != ROW:
            yield Problem(f"{path}.type", "only action rows may stand here")
