"""Interaction tokens: who may write to which message, and for how long.

A token of an interaction that this Discord sent is unknown (10015) until the application answered,
as on Discord. A token that this Discord has never seen belongs to a client which signed and sent
its own interaction: it is learnt from the application's first write, and lives 15 minutes from it.
"""

from dataclasses import dataclass, field

from local.discord.envelope import user_of
from local.discord.rate_limits import Clock
from local.discord.refusals import Json, invalid_webhook_token, unknown_webhook

LIFETIME = 15 * 60.0  # seconds


@dataclass(slots=True)
class Token:
    """One interaction token; `interaction` is None for one learnt from the application."""

    value: str
    born: float
    interaction: Json | None = None
    answered: bool = False
    original: str | None = None
    written: set[str] = field(default_factory=set)  # messages that this token may edit

    @property
    def member_id(self) -> str | None:
        """The member who started the interaction, where that is known."""
        return None if self.interaction is None else str(user_of(self.interaction)["id"])


class Tokens:
    """Every interaction token seen so far."""

    def __init__(self, application_id: str, clock: Clock) -> None:
        self._application_id = application_id
        self._clock = clock
        self._tokens: dict[str, Token] = {}

    def issue(self, interaction: Json) -> Token:
        """Remember the token of an interaction that is about to be sent."""
        token = Token(str(interaction["token"]), self._clock(), interaction)
        self._tokens[token.value] = token
        return token

    def answered(self, token: Token) -> None:
        """The application gave a valid first answer in time."""
        token.answered = True

    def to_read(self, application_id: str, value: str) -> Token:
        """Return a live token, or refuse: 10015 unknown, 50027 expired."""
        token = self._tokens.get(value)
        if token is None or not token.answered or application_id != self._application_id:
            raise unknown_webhook()
        if self._clock() - token.born > LIFETIME:
            raise invalid_webhook_token()
        return token

    def to_write(self, application_id: str, value: str) -> Token:
        """Return a live token as `to_read` does, learning one that was never seen."""
        if value not in self._tokens and application_id == self._application_id:
            self._tokens[value] = Token(value, self._clock(), answered=True)
        return self.to_read(application_id, value)
