"""Edits of the one message that answers an interaction.

Source: Discord, "Receiving and Responding" (Edit Original Interaction Response) and "Opcodes and
Status Codes". The token in the address is the only credential, so it is never logged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from distillery.core.errors import DiscordRefused
from distillery.discord.http import Call, DiscordHttp, File, Refusal
from distillery.discord.rate_limits import Target

UNKNOWN_MESSAGE = 10008
"""The token lives, but somebody has deleted the message."""
_DEAD_CODES = {10015, 50027}
_REMEMBERED = 1000


class DeadToken(DiscordRefused):
    """This token will never edit its message again. `code` is Discord's reason."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the interaction token is dead: {code}")
        self.code = code


class WebhookClient:
    """Speaks to Discord's webhook routes. One in a process: it remembers the tokens that died."""

    def __init__(self, http: DiscordHttp) -> None:
        self._http = http
        self._dead: dict[str, int] = {}

    def edit_original(
        self,
        application_id: str,
        token: str,
        payload: Mapping[str, Any],
        files: Sequence[File] = (),
        *,
        fresh: bool = False,
        droppable: bool = False,
    ) -> None:
        """Replace the message that answers an interaction.

        The attachments named in `payload` are all that remain, so a repeat changes nothing.
        `fresh` says that the interaction is so young that Discord may not have read our first
        answer yet; until then it does not know the message. `droppable` is for progress: it is
        sent at once or not at all.
        Raises DiscordUnavailable when it may work later, DeadToken when nothing will ever be
        edited with this token and DiscordRefused when this edit is never taken.
        """
        name = hashlib.sha256(token.encode()).hexdigest()
        if name in self._dead:
            raise DeadToken(self._dead[name])
        call = Call(
            "PATCH",
            f"/webhooks/{application_id}/{token}/messages/@original",
            Target("PATCH /webhooks/messages", name),
            payload,
            files,
            droppable=droppable,
            fresh=fresh,
        )
        try:
            self._http.send(call)
        except Refusal as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND and refusal.code not in _DEAD_CODES:
                raise
            self._bury(name, refusal.code)
            raise DeadToken(refusal.code) from refusal

    def _bury(self, name: str, code: int) -> None:
        while len(self._dead) >= _REMEMBERED:
            del self._dead[next(iter(self._dead))]
        self._dead[name] = code
