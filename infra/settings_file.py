"""Reads the settings: `distillery.toml`, one of its stages over it, and `-c key=value` over both.

The file's first keys hold for every stage, its tables `[dev]` and `[prod]` for one each.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from infra.contradictions import contradictions
from infra.setting_values import read_value
from infra.settings import FIELDS, STAGES, Settings
from infra.two_stages import in_common

FILE = "distillery.toml"
_OURS = re.compile(r"[a-z]+(_[a-z]+)*")  # the CDK's own keys have colons, slashes or dashes
_CONTEXT = "-c"
_WHERE_IT_IS = "settings_file"
_STAND_INS = {"application_id": "1", "public_key": "0" * 64, "providers": ()}
"""For what is missing or cannot be read, so that what else is wrong is named all the same."""


class WrongSettings(ValueError):
    """Says all that is wrong, a line each: where it stands, the key, and what it must be."""


Checks = Mapping[str, Callable[[str], Any]]
"""By setting: reads its text as a room does, or raises ValueError with what it must be."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where settings are given: the whole file, a stage of it, or the command line."""

    name: str
    given: Mapping[str, Any]
    stage: str | None = None
    """The only one for which it counts."""
    may_choose_stage: bool = False


@dataclass(slots=True)
class _Read:
    """What the sources say; a later one wins."""

    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_settings(
    context: Mapping[str, Any], folder: Path, checks: Checks = MappingProxyType({})
) -> Settings:
    """Read the file in `folder`, or the one that the context names, and the context.

    Raises WrongSettings. Both stages are read, so that a mistake in the other one shows too.
    `checks` are those of the rooms, of which nothing is known here.
    """
    ours = {key: value for key, value in context.items() if _OURS.fullmatch(key)}
    file = folder / str(ours.pop(_WHERE_IT_IS, FILE))
    stage = str(ours.get("stage", FIELDS["stage"].default))
    sources = list(_sources(file, ours, stage))
    stages = {name: _of_stage(name, sources) for name in {*STAGES, stage}}
    read = stages[stage]
    problems = [*read.problems, *_missing(read, file), *_wrong(read, file, checks)]
    for other in STAGES:
        if other != stage:
            here = f"{_stage(file, other)}: "
            wrong = _wrong(stages[other], file, checks)
            problems += stages[other].problems
            problems += [text for text in wrong if text.startswith(here)]
    problems += _in_common(stages["dev"], stages["prod"], file, is_dev_asked=stage == "dev")
    if problems:
        said = "\n".join(dict.fromkeys(problems))
        raise WrongSettings(f"wrong settings (docs/configuration.md)\n{said}")
    return Settings(**read.values)


def _sources(file: Path, context: Mapping[str, Any], stage: str) -> Iterator[_Source]:
    try:
        written = tomllib.loads(file.read_text())
    except FileNotFoundError:
        if file.name != FILE:
            raise WrongSettings(f"{file}: there is no such file; settings_file names it") from None
        written = {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WrongSettings(f"{file.name}: is not TOML: {error}") from None
    stages = {name: written.pop(name) for name in STAGES if isinstance(written.get(name), dict)}
    yield _Source(file.name, written)
    for name, table in stages.items():
        yield _Source(_stage(file, name), table, stage=name)
    yield _Source(_CONTEXT, context, stage=stage, may_choose_stage=True)


def _stage(file: Path, name: str) -> str:
    return f"{file.name} [{name}]"


def _of_stage(stage: str, sources: Sequence[_Source]) -> _Read:
    read = _Read()
    for source in sources:
        if source.stage in (None, stage):
            _read(source, read)
    return read


def _read(source: _Source, read: _Read) -> None:
    for key, value in source.given.items():
        try:
            if key == "stage" and not source.may_choose_stage:
                raise ValueError("only -c stage=dev or -c stage=prod chooses it")
            if key not in FIELDS:
                raise ValueError(_unknown(key, value))
            read.origins[key] = source.name
            read.values[key] = read_value(key, value)
        except ValueError as error:
            read.problems.append(f"{source.name}: {key}: {error}")


def _unknown(key: str, value: object) -> str:
    if isinstance(value, dict):
        return f"no such stage; there are {' and '.join(STAGES)}"
    alike = difflib.get_close_matches(key, FIELDS, n=1)
    return "no such setting" + (f"; is it {alike[0]}?" if alike else "")


def _missing(read: _Read, file: Path) -> Iterator[str]:
    for name, setting in FIELDS.items():
        if setting.default is dataclasses.MISSING and name not in read.origins:
            yield f"{file.name}: {name}: is missing; distillery init writes it"


def _wrong(read: _Read, file: Path, checks: Checks) -> Iterator[str]:
    """Say what cannot work of what could be read."""
    settings = _settings(read)
    wrong = contradictions(settings)
    for name, check in checks.items():
        text = getattr(settings, name)
        if name not in wrong and isinstance(text, str) and text:
            try:
                check(text)
            except ValueError as error:
                wrong[name] = str(error)
    for name, words in wrong.items():
        if name in read.values or name not in read.origins:
            yield f"{read.origins.get(name, file.name)}: {name}: {words}"


def _in_common(dev: _Read, prod: _Read, file: Path, *, is_dev_asked: bool) -> Iterator[str]:
    """Say what one stage cannot have of the other; nothing while a bot of either is unknown."""
    if all("application_id" in read.values for read in (dev, prod)):
        wrong = in_common(_settings(dev), _settings(prod), is_dev_asked=is_dev_asked)
        for name, words in wrong.items():
            yield f"{_stage(file, 'dev')}: {name}: {words}"


def _settings(read: _Read) -> Settings:
    """Make settings of what could be read, with stand-ins for what has to be there."""
    unread = {name: value for name, value in _STAND_INS.items() if name not in read.values}
    if "providers" not in read.origins:
        del unread["providers"]
    return Settings(**{**unread, **read.values})
