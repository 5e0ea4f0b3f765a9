"""Registers the slash commands, and writes nothing when Discord has them already.

Source: Discord, "Application Commands". A bulk overwrite replaces all commands of the application;
Discord allows 200 new ones a day, so an unchanged deployment must not write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import urllib3

from distillery.core.errors import ConfigError, DiscordUnavailable

_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)
_DEFAULTS: Mapping[str, Any] = {
    "type": 1,
    "nsfw": False,
    "required": False,
    "description": "",
    "options": [],
    "choices": [],
    "autocomplete": False,
    "name_localizations": {},
    "description_localizations": {},
}
"""What Discord answers for fields that were left out of a command, or null."""
_SETS = ("contexts", "integration_types")
"""Fields of which Discord does not keep the order."""


class CommandRegistration:
    """The commands of one application at `api_url`."""

    def __init__(
        self,
        http: urllib3.PoolManager,
        api_url: str,
        application_id: str,
        bot_token: Callable[[], str],
    ) -> None:
        self._http = http
        self._url = f"{api_url.rstrip('/')}/applications/{application_id}/commands"
        self._bot_token = bot_token

    def put(self, commands: Sequence[Mapping[str, Any]]) -> bool:
        """Make `commands` the application's commands. Returns whether a write was needed.

        Raises ConfigError when Discord refuses them, DiscordUnavailable when it is not there.
        """
        # Without the query, Discord leaves the translations out of what it returns.
        if same_commands(commands, self._call("GET", "?with_localizations=true")):
            return False
        self._call("PUT", commands=list(commands))
        return True

    def _call(self, method: str, query: str = "", commands: Sequence[Any] | None = None) -> Any:
        try:
            answer = self._http.request(
                method,
                self._url + query,
                body=None if commands is None else json.dumps(commands).encode(),
                headers={
                    "Authorization": f"Bot {self._bot_token()}",
                    "Content-Type": "application/json",
                },
                timeout=_TIMEOUT,
                retries=urllib3.Retry(
                    total=4,
                    status_forcelist=[429, 500, 502, 503, 504],
                    allowed_methods=None,
                    backoff_factor=0.5,
                    raise_on_status=False,
                ),
            )
        except urllib3.exceptions.HTTPError as error:
            raise DiscordUnavailable(
                f"Discord did not answer {method}: {type(error).__name__}"
            ) from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ConfigError(
                f"Discord refused the commands with {answer.status}: {answer.data[:1000]!r}. "
                "Check the application id, the bot token and the workflows."
            )
        return answer.json()


def same_commands(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> bool:
    """Compare commands as we write them with commands as Discord returns them.

    Discord adds ids and versions and fills in defaults; only what we wrote is compared.
    """
    by_name = {(command["name"], command.get("type", 1)): command for command in theirs}
    found = [by_name.get((command["name"], command.get("type", 1))) for command in ours]
    return len(ours) == len(theirs) and all(map(_covers, ours, found))


def _covers(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, Mapping):
        return isinstance(theirs, Mapping) and _covers_fields(ours, theirs)
    if isinstance(ours, list | tuple):
        return (
            isinstance(theirs, list | tuple)
            and len(ours) == len(theirs)
            and all(_covers(a, b) for a, b in zip(ours, theirs, strict=True))
        )
    return bool(ours == theirs)


def _covers_fields(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    for name in (*ours, *_DEFAULTS):
        default = _DEFAULTS.get(name)
        own, other = ours.get(name, default), theirs.get(name)
        other = default if other is None else other
        if name in _SETS:
            own, other = sorted(own), sorted(other or ())
        if name.endswith("_localizations"):
            same = own == other  # a language that we have dropped is a difference
        elif name in ours:
            same = _covers(own, other)
        else:
            same = other == default
        if not same:
            return False
    return True
