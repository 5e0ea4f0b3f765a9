"""The stand-in engine answers as a real ComfyUI 0.3.64 did.

With COMFYUI_URL set the same questions go to the real ComfyUI at that address
(COMFYUI_CHECKPOINT names a checkpoint that it has).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine_under_test import IS_REAL, URL
from tests.local.comfy_contract import FACTS, MORE, NOT_OFFERED, all_facts, read_recordings
from tests.local.comfy_questions import BAD_PROMPTS, CHECKPOINT, RUNS
from tests.local.comfy_replay import Replay

REPOSITORY = Path(__file__).resolve().parents[2]
RECORDINGS = (
    Path(os.environ.get("DISTILLERY_CONTRACTS", REPOSITORY.parent / "shared" / "contracts"))
    / "comfyui"
)
EXPECTED: dict[str, Any] = json.loads(FACTS.read_text())
TWO_OUTPUTS = {"run_img_no_model"}  # which of two outputs comes first is chance


@pytest.fixture(scope="module")
def engine_url() -> Iterator[str]:
    if IS_REAL:
        yield URL
        return
    command = [sys.executable, "-m", "local.engine", "--port", "0", "--step-seconds", "0.02"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert process.stdout.read() == ""


@pytest.fixture(scope="module")
def heard(engine_url: str) -> dict[str, Any]:
    checkpoint = os.environ.get("COMFYUI_CHECKPOINT", CHECKPOINT)
    facts = all_facts(Replay(engine_url, checkpoint).all())
    text = json.dumps(facts).replace(checkpoint, CHECKPOINT)
    result: dict[str, Any] = json.loads(text)
    return result


@pytest.mark.parametrize("name", sorted(set(EXPECTED) - {"object_info", *RUNS}))
def test_a_call_is_answered_as_recorded(name: str, heard: dict[str, Any]) -> None:
    assert heard[name] == EXPECTED[name]


@pytest.mark.parametrize("name", RUNS)
def test_a_run_tells_the_recorded_story(name: str, heard: dict[str, Any]) -> None:
    if name not in heard:
        pytest.skip("this ComfyUI has no corrupt.safetensors to fail on")
    told, expected = dict(heard[name]), dict(EXPECTED[name])

    if name in TWO_OUTPUTS:
        told["events"], expected["events"] = sorted(told["events"]), sorted(expected["events"])

    assert told["events"] == expected["events"]
    assert told == expected


@pytest.mark.parametrize("name", EXPECTED["object_info"])
def test_a_node_class_is_described_as_recorded(name: str, heard: dict[str, Any]) -> None:
    assert heard["object_info"][name] == EXPECTED["object_info"][name]


def test_the_facts_and_the_questions_are_those_of_the_recordings() -> None:
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings of a real ComfyUI at {RECORDINGS}")
    recordings = read_recordings(RECORDINGS)

    from_recordings = {name: EXPECTED[name] for name in EXPECTED if not name.startswith(MORE)}
    assert all_facts(recordings) == from_recordings
    for name, body in RUNS.items():
        asked = recordings[name]["prompt_call"]["request"]["json"]
        assert asked == body | {"client_id": asked["client_id"]}
    for name, body in BAD_PROMPTS.items():
        assert recordings["prompt_errors"][name]["request"].get("json") == body


def test_the_stand_in_offers_every_recorded_node_but_those_left_out(heard: dict[str, Any]) -> None:
    assert set(EXPECTED["object_info"]) <= set(heard["object_info"])
    assert not NOT_OFFERED & set(EXPECTED["object_info"])
