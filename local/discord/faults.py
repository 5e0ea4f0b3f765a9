"""Makes the next calls of the API fail, as Discord sometimes does."""

from dataclasses import dataclass, field
from typing import Self

from local.discord.rate_limits import limited_body
from local.discord.refusals import Json

TOO_MANY = 429
SCOPES = ("user", "global", "shared")
MESSAGES = {
    401: (50027, "Invalid Webhook Token"),
    403: (50013, "Missing Permissions"),
    404: (10015, "Unknown Webhook"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail: `applied` carries the call out all the same, and loses only the answer."""

    status: int
    scope: str = "user"
    retry_after: float = 0.5
    applied: bool = False

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read a fault as a test asks for it.

        Raises:
            ValueError: a field is outside its range.
        """
        fault = cls(
            int(value.get("status", 500)),
            str(value.get("scope", "user")),
            float(value.get("retry_after", 0.5)),
            value.get("applied") is True,
        )
        if not 400 <= fault.status <= 599 or fault.scope not in SCOPES:  # noqa: PLR2004
            raise ValueError(f"status must be 400 to 599 and scope one of {', '.join(SCOPES)}")
        return fault

    def headers(self) -> dict[str, str]:
        """Return the headers that come with this failure."""
        if self.status != TOO_MANY:
            return {}
        headers = {"X-RateLimit-Scope": self.scope, "Retry-After": str(self.retry_after)}
        return headers | ({"X-RateLimit-Global": "true"} if self.scope == "global" else {})

    def body(self) -> Json:
        """Return the JSON that comes with this failure."""
        if self.status == TOO_MANY:
            return limited_body(self.retry_after, everywhere=self.scope == "global")
        code, message = MESSAGES.get(self.status, (0, f"{self.status}: injected failure"))
        return {"message": message, "code": code}


@dataclass(slots=True)
class Faults:
    """The failures still to come, one for each writing call."""

    waiting: list[Fault] = field(default_factory=list)

    def set(self, fault: Fault, count: int) -> None:
        """Make the next `count` writing calls fail; 0 ends all faults."""
        self.waiting = [fault] * count

    def next(self, method: str) -> Fault | None:
        """Return the failure of this call; reading never fails, so pollers do not use it up."""
        return self.waiting.pop(0) if self.waiting and method != "GET" else None
