"""What can be known of the image without building it."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from gpu_container.image.sbom import pins
from gpu_container.image.sources import load_lock

FOLDER = Path(__file__).parents[2] / "gpu_container"
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
LOCKS = ("comfyui.lock.txt", "requirements.lock.txt", "image/uv.lock.txt")


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Each instruction with its argument on one line, without comments."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.split("\n"))]


def arguments(word: str) -> list[str]:
    return [rest for name, rest in instructions(DOCKERFILE) if name == word]


def environment() -> dict[str, str]:
    pairs = (pair for rest in arguments("ENV") for pair in shlex.split(rest))
    return dict(pair.split("=", 1) for pair in pairs)


def copied() -> list[str]:
    """What COPY takes from this repository."""
    return [
        source
        for rest in arguments("COPY")
        for source in rest.split()[:-1]
        if not source.startswith(("--from", "/"))
    ]


def steps() -> list[str]:
    """The single commands of all RUN instructions."""
    return [step.strip() for rest in arguments("RUN") for step in rest.split("&&")]


def test_both_stages_start_from_one_cuda_image_of_an_exact_tag_and_digest() -> None:
    base = dict(rest.partition("=")[::2] for rest in arguments("ARG") if "=" in rest)["BASE"]

    assert arguments("FROM") == ["${BASE} AS build", "${BASE}"]
    assert re.fullmatch(r"nvidia/cuda:\d+\.\d+\.\d+-base-ubuntu24\.04@sha256:[0-9a-f]{64}", base)


def test_python_is_of_an_exact_version_and_the_one_that_the_tests_run_with() -> None:
    project = tomllib.loads((FOLDER.parent / "pyproject.toml").read_text())
    (python,) = [rest.removeprefix("PYTHON=") for rest in arguments("ARG") if "PYTHON=" in rest]

    assert re.fullmatch(r"3\.\d+\.\d+", python)
    assert python.rpartition(".")[0] == project["tool"]["distillery"]["python"]


def test_everything_that_is_copied_exists_and_reaches_the_build() -> None:
    ignored = (FOLDER.parent / ".dockerignore").read_text().splitlines()
    let_through = [line.removeprefix("!") for line in ignored if line.startswith("!")]

    assert ignored[1] == "*"
    for source in copied():
        assert list(FOLDER.parent.glob(source)), source
        assert any(
            fnmatch.fnmatch(source, pattern) or source.startswith(f"{pattern}/")
            for pattern in let_through
        ), source


def test_every_file_that_the_worker_reads_at_its_side_is_copied() -> None:
    beside = ("*.schema.json", "worker", "models.toml", "__init__.py", "entrypoint.sh")

    assert {f"gpu_container/{name}" for name in beside} <= set(copied())


def test_the_recipes_are_in_the_image_for_a_warm_up() -> None:
    assert "workflows /opt/worker/workflows" in arguments("COPY")


def test_packages_come_from_locks_whose_every_line_has_a_hash() -> None:
    installs = [step for step in steps() if re.search(r"\bpip install\b", step)]
    locks = {step.rpartition(" ")[2] for step in installs if "--no-index" not in step}

    assert locks == set(LOCKS)
    assert environment()["UV_REQUIRE_HASHES"] == "1"
    assert all("--only-binary :all:" in step for step in installs if "--no-index" not in step)
    assert sum("UV_REQUIRE_HASHES=0" in step for step in steps()) == 1  # it installs nothing


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_exact_versions_with_hashes_and_without_addresses(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", (FOLDER / lock).read_text().strip())

    for entry in entries:
        first, *hashes = [line.strip() for line in entry.split("\\\n")]
        assert re.fullmatch(r"[\w.-]+==[\w.!+-]+", first), first
        assert hashes, first
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), first


def test_the_worker_has_what_it_asks_for_in_the_versions_of_the_tests() -> None:
    locked = pins((FOLDER / "requirements.lock.txt").read_text())
    asked = pins((FOLDER / "requirements.txt").read_text())
    tested = pins((FOLDER.parent / "requirements.txt").read_text())

    assert asked
    assert asked.items() <= locked.items()
    assert locked.items() <= tested.items(), "compile it again: gpu_container/image/README.md"


def test_comfyui_has_what_it_and_its_nodes_ask_for() -> None:
    locked = pins((FOLDER / "comfyui.lock.txt").read_text())
    asked = (FOLDER / "comfyui.requirements.txt").read_text()
    names = set(re.findall(r"^([a-z][a-z0-9_-]*)", asked, re.MULTILINE))
    nodes = load_lock(FOLDER / "custom_nodes.lock.toml").custom_nodes

    assert {"torch", "transformers", "av"} <= names <= set(locked)
    assert pins(asked).items() <= locked.items()
    assert {name for node in nodes for name in node.requires} <= names


def test_torch_is_the_build_for_the_cuda_of_the_base_image() -> None:
    locked = pins((FOLDER / "comfyui.lock.txt").read_text())
    (cuda,) = re.findall(r"BASE=nvidia/cuda:(\d+\.\d+)\.", DOCKERFILE)

    assert locked["nvidia-cuda-runtime-cu12"].startswith(f"{cuda}.")


def test_the_lock_of_nodes_says_where_from_what_and_where_it_was_seen() -> None:
    lock = load_lock(FOLDER / "custom_nodes.lock.toml")

    assert 1 <= len(lock.custom_nodes) <= 5
    for source in lock.all:
        assert re.fullmatch(r"https://github\.com/[\w-]+/[\w-]+", source.repository), source.name
        assert re.match(r"20\d\d-\d\d-\d\d: ", source.seen), source.name
        assert source.license == "GPL-3.0-only", "a new licence is a decision: the README says so"
    for node in lock.custom_nodes:
        assert node.nodes == tuple(sorted(set(node.nodes))), node.name


def test_nothing_in_it_installs_anything_later() -> None:
    """ComfyUI-Manager fetches code that runs on the machine; no such thing is in the image."""
    lock = (FOLDER / "custom_nodes.lock.toml").read_text()
    entries = [line for line in lock.splitlines() if not line.startswith("#")]

    for text in ("\n".join(entries), DOCKERFILE, (FOLDER / "comfyui.lock.txt").read_text()):
        assert not re.search("comfyui[-_ ]?manager|enable-manager", text, re.IGNORECASE)


def test_comfyui_listens_to_this_machine_only_and_calls_nobody() -> None:
    command = shlex.split(environment()["COMFYUI_COMMAND"])
    given = dict(pairwise(command))

    assert [word for word in command if word.startswith("--listen")] == ["--listen"]
    assert given["--listen"] == "127.0.0.1"
    assert given["--port"] == "{port}"
    assert "--disable-api-nodes" in command
    assert "--disable-metadata" not in command
    assert not [word for word in command if "cors" in word or "0.0.0.0" in word]


def test_comfyui_writes_to_the_scratch_folder_alone() -> None:
    command = shlex.split(environment()["COMFYUI_COMMAND"])
    given = dict(pairwise(command))

    for option in ("input", "output", "temp", "user"):
        assert given[f"--{option}-directory"].startswith("{dir}"), option
    assert given["--database-url"] == "sqlite:///:memory:"
    assert given["--extra-model-paths-config"] in (FOLDER / "entrypoint.sh").read_text()


def test_it_does_not_run_as_root() -> None:
    after = DOCKERFILE.rpartition("\nUSER ")[2]

    assert re.match(r"[1-9]\d{3,}\n", after), "a number: a platform can see that it is not root"
    assert not re.search(r"^(RUN|COPY|ADD|USER) ", after, re.MULTILINE)


def test_process_1_hands_on_signals_and_runpod_is_the_default() -> None:
    (entrypoint,), (command,) = arguments("ENTRYPOINT"), arguments("CMD")

    started = ["/usr/bin/tini", "--", "/bin/sh", "/opt/worker/entrypoint.sh"]
    assert json.loads(entrypoint) == ["/usr/bin/env", *started]  # which becomes tini
    assert json.loads(command) == ["runpod"]
    assert any("tini=0.19.0" in step for step in steps())


def test_it_holds_no_secret_and_fetches_nothing_unchecked() -> None:
    names = [*environment(), *(rest.partition("=")[0] for rest in arguments("ARG"))]

    assert not [n for n in names if re.search("KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL|AWS_", n)]
    assert not arguments("ADD")
    assert not [step for step in steps() if re.search(r"\b(curl|wget)\b|--trusted-host", step)]


def test_every_environment_variable_is_one_that_somebody_reads() -> None:
    """The worker's own are in its settings; the others are read by what the image runs."""
    others = {
        *("PATH", "PYTHONPATH", "PYTHONUNBUFFERED", "VHS_STRICT_PATHS"),
        *("UV_PYTHON_INSTALL_DIR", "UV_NO_CACHE", "UV_COMPILE_BYTECODE", "UV_REQUIRE_HASHES"),
    }
    settings = (FOLDER / "worker" / "settings.py").read_text()

    assert [name for name in environment().keys() - others if f'"{name}"' not in settings] == []


def test_it_says_what_it_is() -> None:
    labels = dict(pair.split("=", 1) for rest in arguments("LABEL") for pair in shlex.split(rest))
    prefix = "org.opencontainers.image."

    for name in ("title", "description", "licenses", "version", "base.name"):
        assert labels[prefix + name]
    assert "sbom.json" in "".join(copied_from_build())


def copied_from_build() -> list[str]:
    return [
        source
        for rest in arguments("COPY")
        if rest.startswith("--from=build ")
        for source in rest.split()[1:-1]
        if source.startswith("/")
    ]


def test_every_folder_of_the_image_has_a_budget_and_the_build_keeps_it() -> None:
    budget = tomllib.loads((FOLDER / "image" / "size_budget.toml").read_text())["megabytes"]

    folders = {source for source in copied_from_build() if not source.endswith(".json")}
    assert set(budget) == folders
    assert any("gpu_container.image.size" in step for step in steps())


@pytest.mark.parametrize(
    ("program", "file"), [("hadolint", "Dockerfile"), ("shellcheck", "entrypoint.sh")]
)
def test_the_linter_finds_nothing(program: str, file: str) -> None:
    linter = Path(sys.executable).parent / program
    if not linter.exists():
        pytest.skip(f"{program} is not installed on this machine")

    done = subprocess.run([linter, FOLDER / file], capture_output=True, text=True, check=False)

    assert done.stdout == ""
    assert done.returncode == 0
