"""Synthesizes the stack once; bundling is left out, so that no wheel is fetched."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# jsii, under the CDK, starts `node` when it is imported; ours comes first.
os.environ["PATH"] = f"{ROOT}/.venv/bin{os.pathsep}{os.environ['PATH']}"

from aws_cdk import App  # noqa: E402

from infra.settings import Settings  # noqa: E402
from infra.settings_file import read_settings  # noqa: E402
from infra.stacks import check_rules, make_stacks  # noqa: E402

EXAMPLE: Mapping[str, str] = {
    "application_id": "1300000000000000001",
    "public_key": "0" * 64,
    "alarm_channel": "1300000000000000003",
    "runpod_endpoint_id": "abc123",
    "sagemaker_endpoint_name": "Distillery-GPU",
    "worker_comfyui_endpoint_id": "def456",
    "credit_guilds": "1300000000000000002",
    "guardrail_id": "ghi789",
}


def settings_of(context: Mapping[str, Any]) -> Settings:
    """Read the context alone, without a file."""
    return read_settings({"settings_file": os.devnull, **context}, ROOT)


def assembled(out: Path, **context: str) -> dict[str, dict[str, Any]]:
    """Synthesize the app as `cdk synth` does and return the template of each stack.

    An empty value leaves out what EXAMPLE has.
    """
    ours = {name: value for name, value in {**EXAMPLE, **context}.items() if value}
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    app = App(
        outdir=str(out),
        context={**flags, **ours, "aws:cdk:bundling-stacks": []},
    )
    settings = settings_of(app.node.get_all_context())
    make_stacks(app, settings)
    if not settings.is_local:
        check_rules(app)
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


def synthesized(out: Path, **context: str) -> dict[str, Any]:
    """Synthesize the app and return the template of the service."""
    return assembled(out, **context)["Distillery"]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template for AWS. Synthesis fails when cdk-nag finds something that is not accepted."""
    return synthesized(tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="session")
def local_template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The template for the embedded AWS."""
    return synthesized(
        tmp_path_factory.mktemp("local"),
        target="local",
        sagemaker_url="http://127.0.0.1:1",
        discord_api_url="http://127.0.0.1:2/api/v10",
    )
