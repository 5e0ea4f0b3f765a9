from __future__ import annotations

from typing import Any

import pytest
import urllib3

from distillery.core.errors import ConfigError
from distillery.discord.registration import CommandRegistration, same_commands
from tests.adapters.scripted_server import Script

OURS: list[dict[str, Any]] = [
    {
        "name": "serve",
        "type": 1,
        "description": "Make pictures",
        "options": [
            {"name": "prompt", "type": 3, "description": "What to draw", "required": True},
            {"name": "seed", "type": 4, "description": "Where chance starts", "min_value": 0},
        ],
    }
]
THEIRS: list[dict[str, Any]] = [
    {
        "id": "1",
        "application_id": "2",
        "version": "3",
        "default_member_permissions": None,
        "nsfw": False,
        "name": "serve",
        "type": 1,
        "description": "Make pictures",
        "options": [
            {"name": "prompt", "type": 3, "description": "What to draw", "required": True},
            {"name": "seed", "type": 4, "description": "Where chance starts", "min_value": 0},
        ],
    }
]


CANCEL: dict[str, Any] = {
    "name": "cancel",
    "type": 1,
    "description": "Call it off",
    "options": [
        {
            "name": "which",
            "type": 3,
            "description": "Which",
            "required": False,
            "choices": [{"name": "latest", "value": "latest"}, {"name": "all", "value": "all"}],
        }
    ],
}


def registration(server: Script) -> CommandRegistration:
    return CommandRegistration(urllib3.PoolManager(), server.url, "2", lambda: "bot-token")


def test_commands_that_discord_has_already_are_not_written(server: Script) -> None:
    server.answers = [(200, THEIRS)]
    assert registration(server).put(OURS) is False
    assert [asked.method for asked in server.asked] == ["GET"]


def test_changed_commands_are_written_as_a_whole(server: Script) -> None:
    server.answers = [(200, []), (200, THEIRS)]
    assert registration(server).put(OURS) is True
    get, put = server.asked
    assert (put.method, put.path) == ("PUT", "/applications/2/commands")
    assert put.json() == OURS
    assert get.headers["Authorization"] == "Bot bot-token"


def changed(**fields: Any) -> list[dict[str, Any]]:
    return [{**THEIRS[0], **fields}]


@pytest.mark.parametrize(
    "theirs",
    [
        [],
        changed(name="other"),
        changed(description="Old words"),
        changed(options=THEIRS[0]["options"][:1]),
        changed(options=[{**THEIRS[0]["options"][0], "required": False}, THEIRS[0]["options"][1]]),
        changed(options=list(reversed(THEIRS[0]["options"]))),
        changed(nsfw=True),
        [*THEIRS, {**THEIRS[0], "name": "second"}],
    ],
)
def test_every_difference_is_seen(theirs: list[dict[str, Any]]) -> None:
    assert same_commands(OURS, THEIRS)
    assert not same_commands(OURS, theirs)


def test_commands_are_the_same_in_any_order() -> None:
    queue = {"name": "queue", "type": 1, "description": "Where they stand", "options": []}
    as_discord_has_it = {key: value for key, value in queue.items() if key != "options"}
    (which,) = CANCEL["options"]
    cancel = {**CANCEL, "options": [{k: v for k, v in which.items() if k != "required"}]}
    assert same_commands([*OURS, CANCEL, queue], [as_discord_has_it, *THEIRS, cancel])


def test_a_changed_choice_is_a_difference() -> None:
    (which,) = CANCEL["options"]
    theirs = {**CANCEL, "options": [{**which, "choices": which["choices"][:1]}]}
    assert not same_commands([CANCEL], [theirs])


def test_an_option_removed_by_us_is_a_difference() -> None:
    ours = [{**OURS[0], "options": []}]
    assert not same_commands(ours, THEIRS)


def test_a_refusal_says_what_to_check(server: Script) -> None:
    server.answers = [(401, {"message": "401: Unauthorized", "code": 0})]
    with pytest.raises(ConfigError, match="bot token"):
        registration(server).put(OURS)
