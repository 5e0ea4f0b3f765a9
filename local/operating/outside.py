"""Discord and Runpod as an operator asks them: who am I, and is it well?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from local.operating.channel_permissions import SEND, SEND_IN_THREADS, THREADS, permissions_in

_TIMEOUT_S = 10


class Unwell(Exception):
    """What was asked about is not as it should be; the text says how, and what to do."""


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot at Discord, by its token; `renew` is the command that takes another one."""

    api_url: str
    token: str
    renew: str

    def application(self) -> dict[str, Any]:
        """Return the application that the token belongs to; raises Unwell."""
        found: dict[str, Any] = self._get("applications/@me")
        return found

    def commands(self, application_id: str) -> list[dict[str, Any]]:
        """Return the application's commands, with their translations; raises Unwell."""
        found: list[dict[str, Any]] = self._get(
            f"applications/{application_id}/commands?with_localizations=true"
        )
        return found

    def channel(self, channel_id: str) -> dict[str, Any]:
        """Return a channel that the bot sees; raises Unwell."""
        url = f"{self.api_url}/channels/{channel_id}"
        answer = _ask("Discord", "GET", url, f"Bot {self.token}")
        if answer.status_code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND):
            raise Unwell(
                f"the bot does not see the channel {channel_id}: {_reason(answer)}. Check the id, "
                "bring the bot to the channel's server, and let it see the channel and write there"
            )
        if not answer.ok:
            raise Unwell(f"Discord answered {answer.status_code} for the channel {channel_id}")
        found: dict[str, Any] = answer.json()
        return found

    def may_write(self, channel: Mapping[str, Any]) -> bool:
        """Whether the bot may write in a channel that it sees; raises Unwell."""
        if "guild_id" not in channel:
            return True  # direct messages
        guild = f"guilds/{channel['guild_id']}"
        member = self._get(f"{guild}/members/{self._get('users/@me')['id']}")
        in_a_thread = channel["type"] in THREADS
        over = self.channel(channel["parent_id"]) if in_a_thread else channel
        may = permissions_in(over, self._get(f"{guild}/roles"), member)
        return bool(may & (SEND_IN_THREADS if in_a_thread else SEND))

    def call_here(self, interactions_url: str) -> None:
        """Have Discord call this address; it tries a PING and a wrong signature first.

        The same as pasting it on the application's page. Source: Discord, "Edit Current
        Application". Raises Unwell when the address does not pass.
        """
        url = f"{self.api_url}/applications/@me"
        change = {"interactions_endpoint_url": interactions_url}
        answer = _ask("Discord", "PATCH", url, f"Bot {self.token}", change)
        if not answer.ok:
            raise Unwell(
                f"Discord tried {interactions_url}, and it does not pass: {_reason(answer)}. See "
                "the log of the interactions room, and check public_key"
            )

    def _get(self, path: str) -> Any:
        wrong = "the bot token is wrong: reset it on the application's page, under Bot, and run "
        return _get("Discord", f"{self.api_url}/{path}", f"Bot {self.token}", wrong + self.renew)


def runpod_workers(api_url: str, key: str, endpoint_id: str, renew: str) -> dict[str, int]:
    """Return how many workers the endpoint has in each state; raises Unwell.

    `renew` is the command that takes another key.
    """
    health = _get(
        "Runpod",
        f"{api_url}/{endpoint_id}/health",
        f"Bearer {key}",
        f"the API key is wrong: make one in Runpod's settings and run {renew}",
    )
    workers: dict[str, int] = health["workers"]
    return workers


def _reason(answer: requests.Response) -> str:
    found = [part for part in re.findall(r'"message": ?"([^"]+)"', answer.text) if part]
    return " ".join(found) or f"{answer.status_code}"


def _ask(
    name: str, method: str, url: str, authorization: str, document: Any = None
) -> requests.Response:
    try:
        return requests.request(
            method,
            url,
            headers={"Authorization": authorization},
            json=document,
            timeout=_TIMEOUT_S,
        )
    except requests.RequestException as error:
        raise Unwell(
            f"{name} is not reached at {url}: {type(error).__name__}. Check the network of this "
            "machine, and try again"
        ) from error


def _get(name: str, url: str, authorization: str, if_refused: str) -> Any:
    answer = _ask(name, "GET", url, authorization)
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Unwell(f"{name} answered {answer.status_code}: {if_refused}")
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise Unwell(f"{name} answered 404 at {url}: check the id")
    if not answer.ok:
        raise Unwell(f"{name} answered {answer.status_code}: try again later")
    return answer.json()
