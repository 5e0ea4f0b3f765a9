"""Every way in which Discord says no, with its status and its JSON error code.

Source of the codes: Discord's documentation, "Opcodes and Status Codes".
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a payload: where it is (`embeds.0.title`) and what it is."""

    path: str
    message: str


class Refusal(Exception):
    """An answer of the API other than success."""

    def __init__(
        self, status: int, code: int, message: str, problems: tuple[Problem, ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.problems = problems

    def body(self) -> Json:
        """Return the error as Discord words it: `{message, code}` and, for forms, `errors`."""
        body: Json = {"message": self.message, "code": self.code}
        if self.problems:
            body["errors"] = _nested(self.problems)
        return body


def unauthorized() -> Refusal:
    """The bot token is missing or wrong."""
    return Refusal(HTTPStatus.UNAUTHORIZED, 0, "401: Unauthorized")


def missing_access() -> Refusal:
    """The bot asked about a guild or channel that it is not in."""
    return Refusal(HTTPStatus.FORBIDDEN, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    """Only those with a permission may do this."""
    return Refusal(HTTPStatus.FORBIDDEN, 50013, "Missing Permissions")


def not_in_direct_messages() -> Refusal:
    """In direct messages a bot may only delete what it wrote."""
    return Refusal(HTTPStatus.FORBIDDEN, 50003, "Cannot execute action on a DM channel")


def not_your_message() -> Refusal:
    """A bot may only edit what it wrote."""
    return Refusal(HTTPStatus.FORBIDDEN, 50005, "Cannot edit a message authored by another user")


def unknown_application() -> Refusal:
    """The application in the path is not the one of the bot token."""
    return Refusal(HTTPStatus.NOT_FOUND, 10002, "Unknown Application")


def unknown_channel() -> Refusal:
    """There is no such channel."""
    return Refusal(HTTPStatus.NOT_FOUND, 10003, "Unknown Channel")


def unknown_member() -> Refusal:
    """Nobody in the guild has this id."""
    return Refusal(HTTPStatus.NOT_FOUND, 10007, "Unknown Member")


def unknown_message() -> Refusal:
    """There is no such message, or it belongs to somebody else's token."""
    return Refusal(HTTPStatus.NOT_FOUND, 10008, "Unknown Message")


def unknown_webhook() -> Refusal:
    """The interaction was never answered, failed, or belongs to another application."""
    return Refusal(HTTPStatus.NOT_FOUND, 10015, "Unknown Webhook")


def unknown_command() -> Refusal:
    """There is no such application command."""
    return Refusal(HTTPStatus.NOT_FOUND, 10063, "Unknown application command")


def invalid_webhook_token() -> Refusal:
    """The interaction token is past its 15 minutes."""
    return Refusal(HTTPStatus.UNAUTHORIZED, 50027, "Invalid Webhook Token")


def empty_message() -> Refusal:
    """A message has to show something."""
    return Refusal(HTTPStatus.BAD_REQUEST, 50006, "Cannot send an empty message")


def too_large() -> Refusal:
    """A file or the whole request is over its limit."""
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 40005, "Request entity too large")


def too_many_attachments(limit: int) -> Refusal:
    """A message holds at most `limit` files."""
    text = f"Maximum number of attachments in a message reached ({limit})"
    return Refusal(HTTPStatus.BAD_REQUEST, 30015, text)


def not_json() -> Refusal:
    """The body is not the JSON object that the route expects."""
    text = "The request body contains invalid JSON."
    return Refusal(HTTPStatus.BAD_REQUEST, 50109, text)


def invalid_form(*problems: Problem) -> Refusal:
    """The payload breaks a rule; every broken rule is named by its place."""
    return Refusal(HTTPStatus.BAD_REQUEST, 50035, "Invalid Form Body", problems)


PAYLOAD_CODES = frozenset({30015, 40005, 50006, 50035, 50109})
"""Codes that mean: the sender built a payload that Discord cannot take."""


def _nested(problems: tuple[Problem, ...]) -> Json:
    errors: Json = {}
    for problem in problems:
        place = errors
        for key in problem.path.split(".") if problem.path else []:
            place = place.setdefault(key, {})
        found = place.setdefault("_errors", [])
        found.append({"code": "BASE_TYPE_INVALID", "message": problem.message})
    return errors
