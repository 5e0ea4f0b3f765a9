"""What Discord adds to the components of a message: ids, and all about the media they name."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from local.discord.component_rules import walk
from local.discord.refusals import Json, Problem, invalid_form

REFERENCE = "attachment://"
ABOUT_MEDIA = ("proxy_url", "width", "height", "content_type")


def with_addresses(value: Any, attachments: list[Json], path: str) -> Any:
    """Replace every attachment:// by the address of the file of that name.

    Raises:
        Refusal: 50035, the message has no such file.
    """
    urls = {entry["filename"]: entry["url"] for entry in attachments}
    return _resolved(value, urls, path)


def filled(components: list[Json], attachments: list[Json]) -> list[Json]:
    """Return components as Discord gives them back; refuses what `with_addresses` refuses."""
    resolved: list[Json] = with_addresses(components, attachments, "components")
    by_url = {entry["url"]: entry for entry in attachments}
    found = [component for _, component in walk(resolved, "components")]
    taken = {component["id"] for component in found if component.get("id")}
    free = (number for number in count(1) if number not in taken)
    for component in found:
        component["id"] = component.get("id") or next(free)
        for media in _media(component):
            media.update(_about(media, by_url))
    return resolved


def _media(component: Json) -> Iterator[Json]:
    for name in ("media", "file"):
        if isinstance(component.get(name), dict):
            yield component[name]
    for item in component.get("items") or []:
        yield item["media"]


def _about(media: Json, by_url: Mapping[str, Json]) -> Json:
    attachment = by_url.get(media["url"])
    if attachment is None:
        return {"proxy_url": media["url"]}
    known = {name: attachment[name] for name in ABOUT_MEDIA if name in attachment}
    return known | {"attachment_id": attachment["id"]}


def _resolved(value: object, urls: Mapping[str, str], path: str) -> object:
    if isinstance(value, dict):
        return {key: _resolved(item, urls, f"{path}.{key}") for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, urls, f"{path}.{index}") for index, item in enumerate(value)]
    if isinstance(value, str) and value.startswith(REFERENCE) and path.endswith("url"):
        name = value.removeprefix(REFERENCE)
        if name not in urls:
            raise invalid_form(Problem(path, f"no attachment of this message is called {name!r}"))
        return urls[name]
    return value
