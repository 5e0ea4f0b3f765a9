"""Everything the worker takes from its environment. docs/gpu-container.md has the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu_container.worker.errors import JobFailed
from gpu_container.worker.store.origin import parse_origin

_YES = ("1", "true", "yes", "on")
_NO = ("0", "false", "no", "off")
_LAST_PORT = 65_535


class ConfigError(ValueError):
    """The environment is wrong; the message names every variable to change."""


@contextmanager
def refusing_in_one_line() -> Iterator[None]:
    """End the process with one line and code 1 if its operator has to change something.

    A traceback is for bugs.
    """
    try:
        yield
    except (ConfigError, JobFailed) as problem:
        raise SystemExit(f"the worker does not start: {problem}") from None


@dataclass(frozen=True, slots=True)
class Settings:
    """One of `comfyui_url` and `comfyui_command` is set. Times in seconds."""

    comfyui_url: str | None
    comfyui_command: str | None
    engine_start_s: float
    cancel_poll_s: float
    log_level: str
    bind_host: str
    port: int
    store_origins: frozenset[str] = frozenset()
    warm_up: tuple[Path, ...] = ()
    warm_up_s: float = 120.0
    require_gpu: bool = False
    models_file: str | None = None
    models_folder: str | None = None
    hf_token: str | None = field(default=None, repr=False)
    worker_comfyui_s: float = 600.0
    engine_stuck_s: float = 30.0

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read the environment; raises ConfigError with all that is wrong."""
        problems: list[str] = []
        url, command = environ.get("COMFYUI_URL"), environ.get("COMFYUI_COMMAND")
        if not url and not command:
            problems.append("set COMFYUI_URL (a running engine) or COMFYUI_COMMAND (one to start)")
        if url and not url.startswith(("http://", "https://")):
            problems.append("COMFYUI_URL must begin with http:// or https://")
        if command and not url and "{port}" not in command:
            problems.append("COMFYUI_COMMAND must hold {port}, where it is told its free port")
        settings = cls(
            comfyui_url=url or None,
            comfyui_command=command or None,
            engine_start_s=_number(environ, "ENGINE_START_SECONDS", 600.0, problems),
            cancel_poll_s=_number(environ, "CANCEL_POLL_SECONDS", 2.0, problems),
            log_level=(environ.get("LOG_LEVEL") or "INFO").upper(),
            bind_host=environ.get("BIND_HOST") or "0.0.0.0",  # SageMaker calls from outside
            port=int(_number(environ, "SAGEMAKER_BIND_TO_PORT", 8080, problems)),
            store_origins=_origins(environ.get("STORE_ORIGINS", ""), problems),
            warm_up=_paths(environ.get("WARM_UP", "")),
            warm_up_s=_number(environ, "WARM_UP_SECONDS", 120.0, problems),
            require_gpu=_yes_or_no(environ, "REQUIRE_GPU", problems),
            models_file=environ.get("MODELS_FILE") or None,
            models_folder=environ.get("MODELS_FOLDER") or None,
            hf_token=environ.get("HF_TOKEN") or None,
            worker_comfyui_s=_number(environ, "WORKER_COMFYUI_TIMEOUT_SECONDS", 600.0, problems),
            engine_stuck_s=_number(environ, "ENGINE_STUCK_SECONDS", 30.0, problems),
        )
        if settings.port > _LAST_PORT:
            problems.append(f"SAGEMAKER_BIND_TO_PORT must be at most {_LAST_PORT}")
        if settings.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            problems.append("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR")
        if problems:
            raise ConfigError("; ".join(problems))
        return settings


def _origins(text: str, problems: list[str]) -> frozenset[str]:
    origins = set()
    for entry in (part.strip() for part in text.split(",") if part.strip()):
        origin = parse_origin(entry)
        if origin is None or "/" in entry.partition("://")[2]:
            problems.append(
                f"STORE_ORIGINS: {entry!r} is not like https://host or http://host:port"
            )
        else:
            origins.add(origin)
    return frozenset(origins)


def _paths(text: str) -> tuple[Path, ...]:
    return tuple(Path(part.strip()) for part in text.split(",") if part.strip())


def _yes_or_no(environ: Mapping[str, str], name: str, problems: list[str]) -> bool:
    text = (environ.get(name) or "0").lower()
    if text not in _YES and text not in _NO:
        problems.append(f"{name} must be 1 or 0, not {text!r}")
    return text in _YES


def _number(environ: Mapping[str, str], name: str, default: float, problems: list[str]) -> Any:
    text = environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        problems.append(f"{name} must be a number above 0, not {text!r}")
        return default
    return value
