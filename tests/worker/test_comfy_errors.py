"""ComfyUI's own answers, recorded, as a person is told them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gpu_container.worker.comfy.errors import execution_error, refused_prompt, tidy
from gpu_container.worker.comfy.http_api import options
from gpu_container.worker.errors import JobFailed, Kind, Node
from gpu_container.worker.job import Job, parse_job
from tests.worker.conftest import Bench
from tests.worker.fake_comfy import FakeComfy, recording

PROMPT_ERRORS = recording("prompt_errors")


@pytest.fixture
def job(bench: Bench) -> Job:
    return parse_job(bench.job())


def no_choices(_class_type: str, _input_name: str) -> Sequence[str]:
    return ()


def told(job: Job, case: str) -> JobFailed:
    return refused_prompt(job, PROMPT_ERRORS[case]["response"]["body"], no_choices)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "value_not_in_list",
            "Load Checkpoint: ckpt_name 'missing.safetensors' is not in the list; "
            "valid: tiny_random.safetensors",
        ),
        ("value_smaller_than_min", "KSampler: steps 0 is out of range; valid: from 1 to 10000"),
        ("value_bigger_than_max", "KSampler: steps 999999 is out of range; valid: from 1 to 10000"),
        (
            "invalid_input_type",
            "KSampler: Failed to convert an input value to a INT value "
            "(steps, abc, invalid literal for int() with base 10: 'abc')",
        ),
        ("required_input_missing", "KSampler: seed is missing"),
        (
            "return_type_mismatch",
            "VAE Decode: Return type mismatch between linked nodes "
            "(samples, received_type(MODEL) mismatch input_type(LATENT))",
        ),
        ("link_to_nowhere", "VAE Decode: it is linked to node '99', which is not there"),
        (
            "unknown_class",
            "the engine refused the graph: Cannot execute because node NoSuchNode does not exist.",
        ),
        ("no_outputs", "the engine refused the graph: Prompt has no outputs"),
    ],
)
def test_what_is_wrong_with_a_graph_is_told_in_one_sentence(
    job: Job, case: str, message: str
) -> None:
    failure = told(job, case)

    assert failure.message == message
    assert failure.kind is Kind.INVALID_GRAPH


@pytest.mark.parametrize(
    ("case", "node"),
    [
        ("value_not_in_list", Node("4", "Load Checkpoint", "CheckpointLoaderSimple")),
        ("value_smaller_than_min", Node("3", "KSampler", "KSampler")),
        ("return_type_mismatch", Node("8", "VAE Decode", "VAEDecode")),
        ("unknown_class", Node("3", "KSampler", "KSampler")),
        ("no_outputs", Node()),
    ],
)
def test_the_node_is_named_with_id_title_and_class(job: Job, case: str, node: Node) -> None:
    assert told(job, case).node == node


def refusal(received: str, **more: Any) -> dict[str, Any]:
    info = {"input_name": "ckpt_name", "received_value": received, **more}
    error = {"type": "value_not_in_list", "message": "Value not in list", "extra_info": info}
    return {"node_errors": {"4": {"errors": [error], "dependent_outputs": ["9"]}}}


def test_of_many_choices_the_nearest_are_named_and_how_many_more(job: Job) -> None:
    names = [f"model_{number}.safetensors" for number in range(30)] + ["dreamshaper_8.safetensors"]
    body = refusal("dreamshaper.safetensors", input_config=[names, {}])

    message = refused_prompt(job, body, no_choices).message

    assert "valid: dreamshaper_8.safetensors, model_" in message
    assert message.endswith("and 23 more")


def test_choices_that_comfyui_left_out_are_asked_for(comfy: FakeComfy, bench: Bench) -> None:
    """It leaves them out where there are more than 20."""
    names = [f"model_{number:02}.safetensors" for number in range(30)]
    comfy.object_info["CheckpointLoaderSimple"] = {
        "input": {"required": {"ckpt_name": [names, {"tooltip": "x"}]}}
    }
    comfy.faults.prompt_answer = 400, refusal("model_99.safetensors", input_config=None)

    result = bench.run()

    assert result.failure is not None
    assert "model_29.safetensors" in result.failure.message
    assert result.failure.message.endswith("and 22 more")
    assert comfy.seen.infos == ["CheckpointLoaderSimple"]


def test_an_empty_list_says_that_something_must_be_installed(job: Job) -> None:
    message = refused_prompt(
        job, refusal("x.safetensors", input_config=[[], {}]), no_choices
    ).message

    assert message.endswith("the engine has nothing for it: install what it needs")


def test_a_long_value_is_shortened(job: Job) -> None:
    body = refusal("x" * 5000, input_config=[["a"], {}])

    assert len(refused_prompt(job, body, no_choices).message) < 200


def test_several_problems_are_counted(job: Job) -> None:
    body = refusal("x", input_config=[["a"], {}])
    body["node_errors"]["3"] = body["node_errors"]["4"]

    assert refused_prompt(job, body, no_choices).message.endswith("valid: a (and 1 more)")


@pytest.mark.parametrize(
    ("config", "offered"),
    [
        ([["a", "b"], {"tooltip": "x"}], ["a", "b"]),
        ([["a"]], ["a"]),
        (["COMBO", {"options": ["a", 2]}], ["a", "2"]),
        (["INT", {"min": 1}], []),
        ([], []),
        (None, []),
    ],
)
def test_choices_are_read_in_both_of_comfyuis_ways(config: Any, offered: list[str]) -> None:
    assert options(config) == offered


@pytest.mark.parametrize(
    ("said", "told_"),
    [
        (
            "No such file or directory: '/workspace/ComfyUI/models/checkpoints/a.safetensors'",
            "No such file or directory: 'a.safetensors'",
        ),
        (r"cannot open C:\comfy\models\b.pt", "cannot open b.pt"),
        ("see https://host:8188/view?token=1 for more", "see (an address) for more"),
        ("got image/png and 3/4 of it, and/or more", "got image/png and 3/4 of it, and/or more"),
        ("sub/model.safetensors is broken", "sub/model.safetensors is broken"),
        ('one\n  File "/comfyui/x.py", line 3', "one"),
        ("~/models/x.pt is broken", "x.pt is broken"),
        ("", ""),
    ],
)
def test_no_address_no_folder_and_no_stack_trace_is_told(said: str, told_: str) -> None:
    assert tidy(said) == told_


def test_a_failed_node_is_told_without_where_its_file_lies(job: Job) -> None:
    failure = execution_error(
        job,
        {
            "node_id": "4",
            "exception_type": "builtins.FileNotFoundError",
            "exception_message": "no /comfyui/models/vae/x.pt\n\n",
            "traceback": ["  File /comfyui/execution.py"],
        },
    )

    assert failure.message == "Load Checkpoint: FileNotFoundError: no x.pt"


def test_a_list_of_choices_that_cannot_be_had_does_not_hide_the_error(
    comfy: FakeComfy, bench: Bench
) -> None:
    comfy.faults.prompt_answer = 400, refusal("x", input_config=None)

    result = bench.run()

    assert result.failure is not None
    assert "'x' is not in the list" in result.failure.message
