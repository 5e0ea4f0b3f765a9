"""What the dispatcher room must be told."""

from __future__ import annotations

from dataclasses import dataclass

from distillery.settings import origins, setting
from distillery.wiring.providers import ProviderSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ProviderSettings):
    """Environment of the dispatcher room."""

    attachment_origins: frozenset[str] = setting(
        "where members' files may lie, with commas between",
        default=frozenset({"https://cdn.discordapp.com", "https://media.discordapp.net"}),
        parse=origins,
    )
