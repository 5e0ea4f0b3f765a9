"""job.schema.json is the contract; the worker's own checker must read it as everybody does."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distillery.core.recipes.graph import NODE_ID
from gpu_container.worker import schema
from gpu_container.worker.errors import JobFailed, Kind
from gpu_container.worker.job import parse_job

FOLDER = Path(__file__).parents[2] / "gpu_container"
JOB_SCHEMA = json.loads((FOLDER / "job.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(JOB_SCHEMA)

TARGET = {"url": "https://bucket.example/", "fields": {"key": "jobs/1/1/${filename}"}}
JOB: dict[str, Any] = {
    "version": 1,
    "job_id": "1300000000000000001",
    "attempt": 1,
    "graph": {
        "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}, "_meta": {"title": "Out"}},
        "8": {"class_type": "LoadImage", "inputs": {"image": "x.png"}},
    },
    "outputs": ["9"],
    "cancel_url": "https://bucket.example/cancel?sig=1",
    "claim": {"url": "https://bucket.example/claim?sig=1", "headers": {"If-None-Match": "*"}},
    "inputs": [
        {"node": "8", "input": "image", "url": "http://127.0.0.1:1/x?sig=1", "max_bytes": 9}
    ],
    "upload": {"outputs": TARGET, "progress": TARGET, "result": TARGET},
    "limits": {
        "timeout_s": 600,
        "progress_interval_s": 1.0,
        "max_outputs": 10,
        "max_output_bytes": 26214400,
    },
}

# No newline at the end of a text: jsonschema takes `$` as Python does, the standard does not.
TEXTS = st.text(st.characters(exclude_characters="\n"), max_size=8)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["9", "8", "https://a", "ftp://a", "jobs/1", "é"])
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every field in a document."""
    if not isinstance(value, dict | list):
        return [path]
    children = value.items() if isinstance(value, dict) else enumerate(value)
    return [path, *(place for key, child in children for place in places(child, (*path, key)))]


@st.composite
def nearly_jobs(draw: st.DrawFn) -> Any:
    """A good job with one field changed, taken away, or added."""
    job = deepcopy(JOB)
    *path, last = draw(st.sampled_from([place for place in places(job) if place]))
    parent: Any = job
    for key in path:
        parent = parent[key]
    change = draw(st.sampled_from(["set", "delete", "add"]))
    if change == "delete":
        del parent[last]
    elif change == "add" and isinstance(parent, dict):
        parent[draw(TEXTS)] = draw(VALUES)
    else:
        parent[last] = draw(VALUES)
    return job


@settings(max_examples=300, deadline=None)
@given(nearly_jobs() | VALUES)
def test_our_checker_and_jsonschema_agree(document: Any) -> None:
    assert (not schema.problems(document, JOB_SCHEMA)) == VALIDATOR.is_valid(document)


@settings(max_examples=150, deadline=None)
@given(nearly_jobs())
def test_what_the_schema_takes_is_parsed_unless_a_node_is_missing(document: Any) -> None:
    try:
        job = parse_job(document)
    except JobFailed as error:
        assert error.kind is Kind.BAD_JOB
        assert not VALIDATOR.is_valid(document) or "the graph has no node" in error.message
    else:
        assert VALIDATOR.is_valid(document)
        assert job.limits.timeout_s == document["limits"]["timeout_s"]


def test_every_wrong_field_is_named() -> None:
    job = deepcopy(JOB)
    job["attempt"] = 0
    job["limits"]["timeout_s"] = "long"
    job["surprise"] = 1
    del job["inputs"][0]["url"]

    with pytest.raises(JobFailed) as caught:
        parse_job(job)

    assert set(caught.value.message.split("; ")) == {
        "attempt: must be at least 1",
        "limits.timeout_s: must be a number",
        "surprise: is not a known field",
        "inputs[0]: lacks url",
    }


def test_a_job_may_come_without_a_claim_and_without_a_place_to_cancel_it() -> None:
    job = parse_job({key: JOB[key] for key in JOB if key not in ("claim", "cancel_url")})

    assert (job.claim, job.cancel_url) == (None, None)


@pytest.mark.parametrize("bad", ["1\n", "", "a/b", "x" * 65])
def test_a_job_id_is_a_plain_name(bad: str) -> None:
    with pytest.raises(JobFailed, match="job_id"):
        parse_job({**JOB, "job_id": bad})


@pytest.mark.parametrize("version", [2, "1", True, None])
def test_only_version_1_is_understood(version: object) -> None:
    with pytest.raises(JobFailed, match="version: must be 1"):
        parse_job({**JOB, "version": version})


def test_every_node_that_is_named_must_be_in_the_graph() -> None:
    entry = {**JOB["inputs"][0], "node": "5"}

    with pytest.raises(JobFailed, match=re.escape("inputs[0].node: the graph has no node '5'")):
        parse_job({**JOB, "inputs": [entry]})


def test_the_message_never_repeats_a_signed_url() -> None:
    entry = {**JOB["inputs"][0], "url": "ftp://x/?X-Amz-Signature=SECRET"}

    with pytest.raises(JobFailed) as caught:
        parse_job({**JOB, "inputs": [entry]})

    assert "SECRET" not in caught.value.message


@pytest.mark.parametrize("name", ["job", "progress", "result"])
def test_each_schema_is_legal_and_says_what_it_is(name: str) -> None:
    loaded = json.loads((FOLDER / f"{name}.schema.json").read_text())

    jsonschema.Draft202012Validator.check_schema(loaded)
    assert loaded["description"]


def test_the_error_kinds_are_those_of_the_result_schema() -> None:
    result = json.loads((FOLDER / "result.schema.json").read_text())

    assert result["properties"]["error"]["properties"]["kind"]["enum"] == [*Kind]


def test_a_recipe_has_ids_of_nodes_as_the_worker_takes_them() -> None:
    names = JOB_SCHEMA["properties"]["graph"]["propertyNames"]

    assert names["pattern"] == f"^{NODE_ID.pattern}$"
