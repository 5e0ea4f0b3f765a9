"""What the image says is in it, and how large it may be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gpu_container.image.sbom import main as write_sbom
from gpu_container.image.sbom import pins, sbom
from gpu_container.image.size import main as check_size
from gpu_container.image.size import size_mb
from gpu_container.image.sources import load_lock

FOLDER = Path(__file__).parents[2] / "gpu_container"
BASE = f"nvidia/cuda:12.8.1-base-ubuntu24.04@sha256:{'a' * 64}"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return sbom(FOLDER, BASE, "3.13.18")


def test_it_has_the_shape_of_cyclonedx(document: dict[str, Any]) -> None:
    """The required members and their forms in bom-1.6.schema.json."""
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    number = r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    assert re.fullmatch(number, document["serialNumber"])
    for component in document["components"]:
        assert component["type"] in ("application", "container", "library")
        assert component["name"]
        assert component["version"]
        assert re.fullmatch(r"pkg:[a-z]+/[^@\s]+@[^@\s]+", component["purl"])
        for choice in component.get("licenses", ()):
            assert set(choice["license"]) == {"id"}


def test_every_reference_is_to_a_component_and_none_is_there_twice(
    document: dict[str, Any],
) -> None:
    refs = [component["bom-ref"] for component in document["components"]]
    (dependency,) = document["dependencies"]

    assert len(set(refs)) == len(refs)
    assert dependency["dependsOn"] == refs
    assert dependency["ref"] == document["metadata"]["component"]["bom-ref"]


def test_every_line_of_every_lock_is_a_component(document: dict[str, Any]) -> None:
    purls = {component["purl"] for component in document["components"]}
    lock = load_lock(FOLDER / "custom_nodes.lock.toml")

    for file in ("comfyui.lock.txt", "requirements.lock.txt"):
        locked = pins((FOLDER / file).read_text())
        assert locked
        for name, version in locked.items():
            assert f"pkg:pypi/{name.lower()}@{version}".replace("+", "%2B") in purls
    for source in lock.all:
        name = source.repository.removeprefix("https://github.com/").lower()
        assert f"pkg:github/{name}@{source.commit}" in purls
    assert "pkg:generic/python@3.13.18" in purls


def test_the_base_image_is_named_with_its_digest(document: dict[str, Any]) -> None:
    (base,) = [part for part in document["components"] if part["type"] == "container"]

    assert (base["name"], base["version"]) == ("nvidia/cuda", "12.8.1-base-ubuntu24.04")
    assert base["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]


def test_a_package_says_whose_environment_it_is_in(document: dict[str, Any]) -> None:
    used = {
        part["name"]: [one["value"] for one in part["properties"]]
        for part in document["components"]
        if part["type"] == "library"
    }

    assert used["torch"] == ["comfyui"]
    assert used["runpod"] == ["worker"]


def test_the_same_locks_give_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = (
        (write_sbom([str(FOLDER), BASE, "3.13.18"]), capsys.readouterr().out) for _ in range(2)
    )

    assert first == second
    assert json.loads(first[1])["components"]


def test_another_lock_gives_another_serial_number(document: dict[str, Any]) -> None:
    assert sbom(FOLDER, BASE, "3.13.17")["serialNumber"] != document["serialNumber"]


def test_a_file_with_two_names_counts_once_and_a_link_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file"
    file.parent.mkdir()
    file.write_bytes(bytes(3_000_000))
    (tmp_path / "again").hardlink_to(file)
    (tmp_path / "link").symlink_to(file)

    assert size_mb(tmp_path) == 3.0


@pytest.mark.parametrize(("allowed", "code"), [(3, 0), (2, 1)])
def test_a_folder_over_its_budget_fails_the_build_by_name(
    allowed: int, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, budget = tmp_path / "venv", tmp_path / "budget.toml"
    folder.mkdir()
    (folder / "file").write_bytes(bytes(2_500_000))
    budget.write_text(f'[megabytes]\n"{folder}" = {allowed}\n')

    assert check_size([str(budget)]) == code
    assert (str(folder) in capsys.readouterr().err) == bool(code)


def test_a_folder_that_is_not_there_fails_the_build(tmp_path: Path) -> None:
    budget = tmp_path / "budget.toml"
    budget.write_text(f'[megabytes]\n"{tmp_path / "gone"}" = 3\n')

    assert check_size([str(budget)]) == 1
