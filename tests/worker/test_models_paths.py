"""ComfyUI is told of every folder that has models here, and of nothing it would run."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gpu_container.worker.models.model_paths import main, model_folders, own_folder, render


def test_the_folders_are_those_of_the_platform_that_are_there(tmp_path: Path) -> None:
    volume, mounted = tmp_path / "volume", tmp_path / "mounted"
    assert model_folders(None, volume, mounted) == ()
    assert own_folder(None, volume) is None

    volume.mkdir()
    mounted.mkdir()

    assert model_folders(None, volume, mounted) == (volume / "models", mounted)
    assert own_folder(None, volume) == volume / "models"


def test_the_operator_s_own_folder_comes_first(tmp_path: Path) -> None:
    volume, own = tmp_path / "volume", tmp_path / "own"
    volume.mkdir()

    assert model_folders(str(own), volume, tmp_path / "none") == (own, volume / "models")
    assert own_folder(str(own), volume) == own


def test_a_folder_named_twice_is_looked_into_once(tmp_path: Path) -> None:
    assert model_folders(str(tmp_path / "models"), tmp_path, tmp_path / "none") == (
        tmp_path / "models",
    )


def test_the_file_names_what_is_there_and_what_is_declared(tmp_path: Path) -> None:
    first, second = tmp_path / 'odd "name": here', tmp_path / "second"
    (first / "loras").mkdir(parents=True)
    (first / "readme.txt").write_text("not a folder")

    said = yaml.safe_load(render([first, second], ["checkpoints"]))

    assert said == {
        "models_1": {"base_path": str(first), "checkpoints": "checkpoints", "loras": "loras"},
        "models_2": {"base_path": str(second), "checkpoints": "checkpoints"},
    }


def test_what_comfyui_would_run_or_obey_is_never_named(tmp_path: Path) -> None:
    for name in ("custom_nodes", "configs", ".hidden", "a b", "loras"):
        (tmp_path / name).mkdir()

    (said,) = yaml.safe_load(render([tmp_path])).values()

    assert said.keys() == {"base_path", "loras"}


def test_no_folder_at_all_is_a_file_that_comfyui_can_read() -> None:
    assert yaml.safe_load(render([])) == {}


def test_the_program_writes_the_file_and_says_what_is_wrong_with_models_toml(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main({"MODELS_FOLDER": str(tmp_path)}) == 0
    said = yaml.safe_load(capsys.readouterr().out)
    folders = {"base_path": str(tmp_path), "checkpoints": "checkpoints", "loras": "loras"}
    assert said["models_1"] == said["models_1"] | folders

    wrong = tmp_path / "models.toml"
    wrong.write_text("[[model]]\nname = 'a'\n")
    assert main({"MODELS_FILE": str(wrong)}) == 1
    assert "sha256: is missing" in capsys.readouterr().err
