"""Reads the settings: `distillery.toml`, one of its stages over it, and `-c key=value` over both.

The file's first keys hold for every stage, its tables `[dev]` and `[prod]` for one each.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.contradictions import contradictions
from infra.setting_values import read_value
from infra.settings import FIELDS, STAGES, Settings

FILE = "distillery.toml"
_OURS = re.compile(r"[a-z]+(_[a-z]+)*")  # the CDK's own keys have colons, slashes or dashes
_CONTEXT = "-c"
_WHERE_IT_IS = "settings_file"


class WrongSettings(ValueError):
    """Says all that is wrong, a line each: where it stands, the key, and what it must be."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where settings are given: the whole file, a stage of it, or the command line."""

    name: str
    given: Mapping[str, Any]
    may_choose_stage: bool = False


@dataclass(slots=True)
class _Read:
    """What the sources say; a later one wins."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_settings(context: Mapping[str, Any], folder: Path) -> Settings:
    """Read the file in `folder`, or the one that the context names, and the context.

    Raises WrongSettings. Both stages are read, so that a mistake in the other one shows too.
    """
    ours = {key: value for key, value in context.items() if _OURS.fullmatch(key)}
    file = folder / str(ours.pop(_WHERE_IT_IS, FILE))
    stage = str(ours.get("stage", FIELDS["stage"].default))
    read = _Read()
    for source in _sources(file, ours):
        counts = source.name not in _other_stages(file, stage)
        _read(source, read if counts else _Read(problems=read.problems))
    read.problems += [
        f"{file.name}: {name}: is missing; Discord's developer portal shows it"
        for name, setting in FIELDS.items()
        if setting.default is dataclasses.MISSING and name not in read.origins
    ]
    if not read.problems:
        settings = Settings(**read.values)
        read.problems += [
            f"{read.origins.get(name, file.name)}: {name}: {words}"
            for name, words in contradictions(settings).items()
        ]
    if read.problems:
        raise WrongSettings("wrong settings (docs/configuration.md)\n" + "\n".join(read.problems))
    return settings


def _sources(file: Path, context: Mapping[str, Any]) -> Iterator[_Source]:
    try:
        written = tomllib.loads(file.read_text())
    except FileNotFoundError:
        written = {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSettings(f"{file.name}: is not TOML: {error}") from None
    stages = {name: written.pop(name) for name in STAGES if isinstance(written.get(name), dict)}
    yield _Source(file.name, written)
    for name, table in stages.items():
        yield _Source(_stage(file, name), table)
    yield _Source(_CONTEXT, context, may_choose_stage=True)


def _stage(file: Path, name: str) -> str:
    return f"{file.name} [{name}]"


def _other_stages(file: Path, stage: str) -> set[str]:
    return {_stage(file, name) for name in STAGES if name != stage}


def _read(source: _Source, read: _Read) -> None:
    for key, value in source.given.items():
        try:
            if key == "stage" and not source.may_choose_stage:
                raise ValueError("only -c stage=dev or -c stage=prod chooses it")
            if key not in FIELDS:
                raise ValueError(f"no such setting; there are {', '.join(FIELDS)}")
            read.origins[key] = source.name
            read.values[key] = read_value(key, value)
        except ValueError as error:
            read.problems.append(f"{source.name}: {key}: {error}")
