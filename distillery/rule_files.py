"""Loads the rules of content from their folder: the only place that reads `content_rules/`."""

from __future__ import annotations

from pathlib import Path

from distillery.core.errors import ConfigError
from distillery.core.rules.rule import Rules
from distillery.core.rules.rule_file import parse_rules

FOLDER = Path("distillery/content_rules")


def load_rules(root: Path = FOLDER) -> Rules:
    """Return the rules of all files under `root`; raises BrokenRules with all that is wrong."""
    texts: dict[str, str] = {}
    for file in sorted(root.glob("*.toml")):
        try:
            texts[file.name] = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise ConfigError(f"{file}: not UTF-8; save it as UTF-8") from error
    if not texts:
        raise ConfigError(f"{root}: holds no rules; docs/content-rules.md says what belongs there")
    return parse_rules(texts)
