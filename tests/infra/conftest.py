"""Synthesizes each variant of the app once; bundling is left out, so that no wheel is fetched."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.dont_write_bytecode = False  # or the CDK's modules take 8 s, each time anew
# jsii, under the CDK, starts `node` when it is imported; ours comes first.
os.environ["PATH"] = f"{ROOT}/.venv/bin{os.pathsep}{os.environ['PATH']}"
# Of what else it looks for in a template it only warns, and test_lint looks for more.
os.environ["CDK_VALIDATION"] = "false"

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
GPU: Mapping[str, str] = {
    "make_endpoint": "true",
    "gpu_image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/distillery:abc",
    "gpu_models": "s3://our-models/sdxl/",
    "gpu_max_instances": "3",
    "gpu_instance_type": "ml.p3.2xlarge",  # moto knows no newer one
}
EVERY_STACK: Mapping[str, str] = {**GPU, "build_image": "true"}
DEV: Mapping[str, str] = {**EVERY_STACK, "stage": "dev", "keep_data": "false"}
OPTIONS: Mapping[str, str] = {
    "gradual": "false",
    "reserve_concurrency": "true",
    "tracing": "true",
    "waf": "true",
}
LOCAL: Mapping[str, str] = {
    "target": "local",
    "sagemaker_url": "http://127.0.0.1:1",
    "discord_api_url": "http://127.0.0.1:2/api/v10",
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


@dataclass(frozen=True, slots=True)
class Assembly:
    """What one synthesis wrote: the folder, and the templates in it by their stacks' names."""

    folder: Path
    templates: dict[str, dict[str, Any]]


Assemble = Callable[..., Assembly]
"""Synthesizes the app as the settings given by name say."""


@pytest.fixture(scope="session")
def assemble(tmp_path_factory: pytest.TempPathFactory) -> Assemble:
    """The same settings are synthesized once. It fails when cdk-nag finds what is not accepted."""
    made: dict[tuple[tuple[str, str], ...], Assembly] = {}

    def assemble(**context: str) -> Assembly:
        key = tuple(sorted(context.items()))
        if key not in made:
            folder = tmp_path_factory.mktemp("assembly")
            made[key] = Assembly(folder, assembled(folder, **context))
        return made[key]

    return assemble


@pytest.fixture(scope="session")
def template(assemble: Assemble) -> dict[str, Any]:
    """The template for AWS."""
    return assemble().templates["Distillery"]


@pytest.fixture(scope="session")
def with_options(assemble: Assemble) -> dict[str, Any]:
    """The template of whoever wants all that is optional, and every deployment at once."""
    return assemble(**OPTIONS).templates["Distillery"]


@pytest.fixture(scope="session")
def local_template(assemble: Assemble) -> dict[str, Any]:
    """The template for the embedded AWS."""
    return assemble(**LOCAL).templates["Distillery"]
