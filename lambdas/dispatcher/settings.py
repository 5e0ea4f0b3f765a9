"""What the dispatcher room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.core.errors import ConfigError
from distillery.settings import one_of, origins, setting, yes_or_no
from distillery.wiring.providers import ProviderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ProviderSettings):
    """Environment of the dispatcher room."""

    attachment_origins: frozenset[str] = setting(
        "where members' files may lie, with commas between",
        default=frozenset({"https://cdn.discordapp.com", "https://media.discordapp.net"}),
        parse=origins,
    )
    text_check: str = setting(
        "who gives a second opinion on words: `off`, `comprehend` or `bedrock`",
        default="off",
        parse=one_of("off", "comprehend", "bedrock"),
    )
    guardrail_id: str = setting("the id of the guardrail that `bedrock` asks", default="")
    guardrail_version: str = setting("its version", default="DRAFT")
    text_check_failure: str = setting(
        "what follows when there is no opinion: `closed` refuses, `open` goes on",
        default="closed",
        parse=one_of("closed", "open"),
    )
    keep_refused_text: bool = setting(
        "whether the record of a refused request holds its text", default=False, parse=yes_or_no
    )

    def __post_init__(self) -> None:
        """Refuse a check that is chosen but not set up."""
        ProviderSettings.__post_init__(self)
        if self.text_check == "bedrock" and not self.guardrail_id:
            raise ConfigError("GUARDRAIL_ID is not set, but TEXT_CHECK is bedrock")
