"""The environment of the worker, and the table that describes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
            "WARM_UP": str(tmp_path),
            "WARM_UP_SECONDS": "30",
            "REQUIRE_GPU": "1",
            "MODELS_FILE": "models.toml",
            "MODELS_FOLDER": "/models",
            "HF_TOKEN": "hf_x",
        }
    )

    command = "engine --port {port}"
    origins = frozenset({"https://bucket.s3.amazonaws.com:443", "http://127.0.0.1:4566"})
    assert settings == Settings(
        *(None, command, 1.5, 0.5, "DEBUG", "127.0.0.1", 9000, origins),
        *(tmp_path, 30, True, "models.toml", "/models", "hf_x"),
    )


@pytest.mark.parametrize("text", ["bucket.s3.amazonaws.com", "ftp://a.b", "https://a.b/path", "*"])
def test_an_origin_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ConfigError, match="STORE_ORIGINS"):
        Settings.from_env({"COMFYUI_URL": "http://127.0.0.1:8188", "STORE_ORIGINS": text})


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.from_env(
            {
                "ENGINE_START_SECONDS": "soon",
                "CANCEL_POLL_SECONDS": "0",
                "LOG_LEVEL": "LOUD",
                "REQUIRE_GPU": "maybe",
                "WARM_UP": "/nowhere/at/all",
            }
        )

    for name in ("COMFYUI_URL", "COMFYUI_COMMAND", "ENGINE_START_SECONDS", "LOG_LEVEL"):
        assert name in str(caught.value)
    assert "REQUIRE_GPU must be 1 or 0, not 'maybe'" in str(caught.value)
    assert "WARM_UP: there is no file or folder '/nowhere/at/all'" in str(caught.value)
    assert "CANCEL_POLL_SECONDS must be a number above 0" in str(caught.value)


def test_the_readme_lists_exactly_the_variables_that_are_read() -> None:
    code = (FOLDER / "worker" / "settings.py").read_text()
    table = (FOLDER / "README.md").read_text()

    read = set(re.findall(r'environ(?:\.get\(|, )"([A-Z_]+)"', code))
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))

    assert read == listed


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
