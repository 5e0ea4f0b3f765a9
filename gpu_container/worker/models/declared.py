"""models.toml: which model files there are, where each is from, and how to know it is right."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

MODELS_FILE = Path(__file__).parents[2] / "models.toml"
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_+.,()\[\] -]{0,199}"  # a disk takes 255, with our ending
_NAME = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*")
FOLDER_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_REPO = re.compile(r"[A-Za-z0-9_][\w.-]*/[A-Za-z0-9_][\w.-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)")
_THIS_MACHINE = "127.0.0.1"

FORBIDDEN_FOLDERS = frozenset({"custom_nodes", "configs"})
"""ComfyUI runs what it finds in the one, and reads settings from the other."""


class ModelsFileWrong(ValueError):
    """models.toml cannot be used; the message has one line per problem."""


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """A file in a repository at huggingface.co, at one commit."""

    repo: str
    revision: str
    file: str

    @property
    def url(self) -> str:
        """https://huggingface.co/docs/hub/models-downloading"""
        return f"https://huggingface.co/{self.repo}/resolve/{self.revision}/{quote(self.file)}"

    def __str__(self) -> str:
        return f"huggingface.co/{self.repo}"


@dataclass(frozen=True, slots=True)
class Web:
    """A file at an https address. Its query may be a secret, so it is never shown."""

    url: str

    def __str__(self) -> str:
        return self.url.partition("?")[0]


@dataclass(frozen=True, slots=True)
class S3:
    """An object in a bucket."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Model:
    """One file: `folder` is ComfyUI's kind of model, `name` what a graph calls it."""

    name: str
    folder: str
    source: HuggingFace | Web | S3
    sha256: str
    size: int
    licence: str

    @property
    def path(self) -> str:
        """Where it lies below a folder of models."""
        return f"{self.folder}/{self.name}"


def load_models(path: str | Path = MODELS_FILE) -> tuple[Model, ...]:
    """Read models.toml. Raises ModelsFileWrong with all that is wrong in it."""
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelsFileWrong(f"{path}: cannot be read: {error}") from error
    return parse_models(text, str(path))


def parse_models(text: str, file: str = "models.toml") -> tuple[Model, ...]:
    """Parse the text of a models.toml. Raises ModelsFileWrong with all that is wrong in it."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelsFileWrong(f"{file}: is not TOML: {error}") from error
    found = [f"{file}: {problem}" for problem in _problems(document)]
    if found:
        raise ModelsFileWrong("\n".join(found))
    return tuple(_model(table) for table in document.get("model", ()))


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(document.keys() - {"model"}):
        yield f"{key}: is not known; write [[model]] tables"
    tables = document.get("model", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        yield "model: must be [[model]] tables"
        return
    seen: dict[tuple[str, str], int] = {}
    for number, table in enumerate(tables, 1):
        where = f"[[model]] {number} ({table.get('name', 'no name')})"
        for problem in _table_problems(table, _FIELDS):
            yield f"{where}: {problem}"
        identity = (str(table.get("folder")), str(table.get("name")))
        if identity in seen:
            yield f"{where}: name: [[model]] {seen[identity]} is the same file in {identity[0]}"
        seen.setdefault(identity, number)


Check = Callable[[Any], Iterator[str]]


def _table_problems(table: Mapping[str, Any], known: Mapping[str, Check]) -> Iterator[str]:
    for key in sorted(table.keys() - known.keys()):
        yield f"{key}: is not a field; there are {', '.join(known)}"
    for key, check in known.items():
        if key not in table:
            yield f"{key}: is missing"
        else:
            for problem in check(table[key]):
                yield problem if isinstance(table[key], dict) else f"{key}: {problem}"


def _matching(pattern: re.Pattern[str], meaning: str) -> Check:
    def check(value: Any) -> Iterator[str]:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            yield f"must be {meaning}, not {value!r}"

    return check


_relative = _matching(_NAME, "a file's name, with / between folders and no dot in front")


def _name(value: Any) -> Iterator[str]:
    yield from _relative(value)
    if isinstance(value, str) and value.endswith((".part", ".etag", ".lock", ".sha256")):
        yield f"must not end as the files of a download do, as {value!r} does"


def _folder(value: Any) -> Iterator[str]:
    yield from _matching(FOLDER_NAME, "one of ComfyUI's folders, such as checkpoints or loras")(
        value
    )
    if isinstance(value, str) and value in FORBIDDEN_FOLDERS:
        yield f"must not be {value!r}: ComfyUI would run or obey what lies there"


def _size(value: Any) -> Iterator[str]:
    if type(value) is not int or value <= 0:
        yield f"must be a whole number of bytes above 0, not {value!r}"


def _licence(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        yield f"must be an SPDX identifier or the licence's name, not {value!r}"


def _web(value: Any) -> Iterator[str]:
    text = value if isinstance(value, str) else ""
    try:
        parts = urlsplit(text)
        encrypted = parts.scheme == "https" or parts.hostname == _THIS_MACHINE
        legal = encrypted and parts.scheme in {"http", "https"} and bool(parts.hostname)
        legal = legal and "@" not in parts.netloc and parts.port != 0
        legal = legal and text.isascii() and text.isprintable() and " " not in text
    except ValueError:
        legal = False
    if not legal:
        yield f"must be an https address without a user or a password, not {str(value)[:200]!r}"


_SOURCES: Mapping[str, Mapping[str, Check]] = {
    "huggingface": {
        "huggingface": _matching(_REPO, "OWNER/REPOSITORY"),
        "revision": _matching(_COMMIT, "a commit of 40 hex digits (a branch moves)"),
        "file": _relative,
    },
    "https": {"https": _web},
    "s3": {"s3": _matching(_S3, "s3://BUCKET/KEY or s3://BUCKET/PREFIX/")},
}


def _source(value: Any) -> Iterator[str]:
    kinds = [kind for kind in _SOURCES if isinstance(value, dict) and kind in value]
    if len(kinds) != 1:
        prefix = "source: " if isinstance(value, dict) else ""
        yield f"{prefix}must be a table with one of {', '.join(_SOURCES)}"
        return
    for problem in _table_problems(value, _SOURCES[kinds[0]]):
        yield f"source.{problem}"


_FIELDS: Mapping[str, Check] = {
    "name": _name,
    "folder": _folder,
    "source": _source,
    "sha256": _matching(_SHA256, "64 lower-case hex digits"),
    "size": _size,
    "licence": _licence,
}


def _model(table: Mapping[str, Any]) -> Model:
    values = {field.name: table[field.name] for field in fields(Model)}
    raw = table["source"]
    if "huggingface" in raw:
        values["source"] = HuggingFace(raw["huggingface"], raw["revision"], raw["file"])
    elif "https" in raw:
        values["source"] = Web(raw["https"])
    else:
        bucket, key = raw["s3"].removeprefix("s3://").split("/", 1)
        if not key or key.endswith("/"):  # a prefix holds what a folder of models holds
            key += f"{table['folder']}/{table['name']}"
        values["source"] = S3(bucket, key)
    return Model(**values)
