"""The environment of the worker, and the table that describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gpu_container.worker.models import model_paths
from gpu_container.worker.serve_runpod import SDK_DEFAULTS, set_up_sdk
from gpu_container.worker.settings import ConfigError, Settings

FOLDER = Path(__file__).parents[2] / "gpu_container"


def test_an_address_is_enough() -> None:
    settings = Settings.from_env({"COMFYUI_URL": "http://127.0.0.1:8188"})

    assert settings == Settings("http://127.0.0.1:8188", None, 600, 2, "INFO", "0.0.0.0", 8080)


def test_every_variable_is_read(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "COMFYUI_COMMAND": "engine --port {port}",
            "ENGINE_START_SECONDS": "1.5",
            "CANCEL_POLL_SECONDS": "0.5",
            "LOG_LEVEL": "debug",
            "BIND_HOST": "127.0.0.1",
            "SAGEMAKER_BIND_TO_PORT": "9000",
            "STORE_ORIGINS": "https://Bucket.s3.amazonaws.com, http://127.0.0.1:4566",
            "WARM_UP": f"{tmp_path}, recipes/one.json",
            "WARM_UP_SECONDS": "30",
            "REQUIRE_GPU": "1",
            "MODELS_FILE": "models.toml",
            "MODELS_FOLDER": "/models",
            "HF_TOKEN": "hf_x",
            "WORKER_COMFYUI_TIMEOUT_SECONDS": "12.5",
            "ENGINE_STUCK_SECONDS": "45",
        }
    )

    command = "engine --port {port}"
    origins = frozenset({"https://bucket.s3.amazonaws.com:443", "http://127.0.0.1:4566"})
    assert settings == Settings(
        *(None, command, 1.5, 0.5, "DEBUG", "127.0.0.1", 9000, origins),
        *((tmp_path, Path("recipes/one.json")), 30, True, "models.toml", "/models", "hf_x"),
        *(12.5, 45),
    )


@pytest.mark.parametrize("text", ["bucket.s3.amazonaws.com", "ftp://a.b", "https://a.b/path", "*"])
def test_an_origin_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="STORE_ORIGINS"):
        Settings.from_env({"COMFYUI_URL": "http://127.0.0.1:8188", "STORE_ORIGINS": text})


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan"])
def test_a_time_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigError, match="WORKER_COMFYUI_TIMEOUT_SECONDS"):
        Settings.from_env({**ENGINE, "WORKER_COMFYUI_TIMEOUT_SECONDS": text})


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_env(
            {
                "ENGINE_START_SECONDS": "soon",
                "CANCEL_POLL_SECONDS": "0",
                "LOG_LEVEL": "LOUD",
                "REQUIRE_GPU": "maybe",
            }
        )

    for name in ("COMFYUI_URL", "COMFYUI_COMMAND", "ENGINE_START_SECONDS", "LOG_LEVEL"):
        assert name in str(caught.value)
    assert "REQUIRE_GPU must be 1 or 0, not 'maybe'" in str(caught.value)
    assert "CANCEL_POLL_SECONDS must be a number above 0" in str(caught.value)


TABLE = dict(
    re.findall(
        r"^\| `([A-Z_]+)` \| (none|`[^`]*`) \|",
        (FOLDER.parent / "docs" / "gpu-container.md").read_text(),
        re.MULTILINE,
    )
)
"""The variables of the document, and the default of each."""
ENGINE = {"COMFYUI_URL": "http://127.0.0.1:8188"}


class Environment(dict[str, str]):
    """Notes which variables are asked for."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def test_the_document_lists_exactly_the_variables_that_are_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment = Environment(ENGINE)
    read_all(environment)
    model_paths.main(environment)
    capsys.readouterr()

    assert environment.asked == set(TABLE)


@pytest.mark.parametrize("name", sorted(set(TABLE) - set(ENGINE)))
def test_every_default_of_the_document_is_what_an_unset_variable_means(name: str) -> None:
    unset, empty = (Environment({**ENGINE, **more}) for more in ({}, {name: ""}))
    default = TABLE[name].strip("`") if TABLE[name] != "none" else ""
    given = Environment({**ENGINE, name: default})

    assert read_all(given) == read_all(unset) == read_all(empty)


@pytest.mark.parametrize("name", sorted(set(TABLE)))
def test_every_variable_of_the_document_changes_something(name: str, tmp_path: Path) -> None:
    other = {"REQUIRE_GPU": "1", "WARM_UP": str(tmp_path), "LOG_LEVEL": "DEBUG"}
    other |= {"STORE_ORIGINS": "https://a.b", "COMFYUI_URL": "http://127.0.0.1:1"}

    changed = Environment({**ENGINE, name: other.get(name, "77")})

    assert read_all(changed) != read_all(Environment(ENGINE))


def test_no_other_module_looks_into_the_environment() -> None:
    readers = {
        str(path.relative_to(FOLDER / "worker"))
        for path in (FOLDER / "worker").rglob("*.py")
        if re.search(r"environ\b(?!ment)|getenv", path.read_text())
    }

    assert readers == {
        *("settings.py", "models/model_paths.py"),
        *("serve_runpod.py", "serve_sagemaker.py"),  # these hand it on
        "comfy/engine.py",  # which copies it for the engine
    }


def read_all(environment: Environment) -> tuple[Settings, list[str]]:
    """Read what both doors do."""
    set_up_sdk(environment)
    return Settings.from_env(environment), [environment[name] for name in SDK_DEFAULTS]


def test_the_image_gets_the_versions_that_were_tested() -> None:
    locked = (FOLDER.parent / "requirements.txt").read_text().splitlines()
    pins = [line for line in (FOLDER / "requirements.txt").read_text().splitlines() if "==" in line]

    assert {pin.split("==")[0] for pin in pins} == {
        "pillow",
        "requests",
        "runpod",
        "websocket-client",
    }
    assert [pin for pin in pins if not any(line.startswith(pin) for line in locked)] == []
