"""The image's build at AWS: what the template says, and what its one script does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.image_stack import BUILD, ImageStack
from infra.settings_file import WrongSettings
from tests.infra.conftest import EXAMPLE, ROOT, settings_of

Resource = Mapping[str, Any]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Synthesis fails when cdk-nag finds something that is not accepted."""
    out = tmp_path_factory.mktemp("image")
    app = App(outdir=str(out), context=json.loads((ROOT / "cdk.json").read_text())["context"])
    ImageStack(app, "DistilleryImage")
    Validations.of(app).add_plugins(AwsSolutionsChecks())
    app.synth()
    return out


@pytest.fixture(scope="module")
def template(assembly: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((assembly / "DistilleryImage.template.json").read_text())
    return read


def only(template: Mapping[str, Any], kind: str) -> Resource:
    (found,) = [r for r in template["Resources"].values() if r["Type"] == kind]
    properties: Resource = found["Properties"]
    return properties


def source_folder(assembly: Path) -> Path:
    (folder,) = [path for path in assembly.glob("asset.*") if path.is_dir()]
    return folder


def test_the_repository_keeps_a_tag_for_ever_and_scans_what_is_pushed(
    template: dict[str, Any],
) -> None:
    repository = only(template, "AWS::ECR::Repository")

    assert repository["ImageTagMutability"] == "IMMUTABLE"
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    rules = json.loads(repository["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged", "any"]


def test_the_build_may_read_its_zip_push_to_its_repository_and_nothing_else(
    template: dict[str, Any],
) -> None:
    statements = only(template, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    actions = {
        action
        for statement in statements
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }
    everywhere = [s["Action"] for s in statements if s["Resource"] == "*"]

    assert all(statement["Effect"] == "Allow" for statement in statements)
    assert everywhere == ["ecr:GetAuthorizationToken"]
    assert not [action for action in actions if "*" in action]
    assert {action.split(":")[0] for action in actions} == {"ecr", "logs", "s3"}
    assert not [action for action in actions if "Delete" in action or action == "s3:PutObject"]


def test_what_is_sent_to_the_build_is_what_the_dockerfile_copies(assembly: Path) -> None:
    sent = {
        str(path.relative_to(source_folder(assembly)))
        for path in source_folder(assembly).rglob("*")
        if path.is_file()
    }

    assert {".dockerignore", "workflows/sdxl_fast/graph.json"} <= sent
    assert {"gpu_container/Dockerfile", "gpu_container/entrypoint.sh"} <= sent
    assert {"gpu_container/comfyui.lock.txt", "gpu_container/image/sources.py"} <= sent
    assert {name.split("/")[0] for name in sent} == {".dockerignore", "gpu_container", "workflows"}
    assert not [name for name in sent if "__pycache__" in name or name.endswith(".md")]


def test_the_tag_is_of_the_files_so_that_it_can_stay_what_it_is(
    template: dict[str, Any], assembly: Path
) -> None:
    variables = {
        one["Name"]: one["Value"]
        for one in only(template, "AWS::CodeBuild::Project")["Environment"]["EnvironmentVariables"]
    }
    uri = json.dumps(template["Outputs"]["ImageUri"]["Value"])

    assert source_folder(assembly).name.startswith(f"asset.{variables['TAG']}")
    assert f':{variables["TAG"]}"' in uri


def test_the_log_lives_a_month_and_the_build_not_longer_than_an_hour(
    template: dict[str, Any],
) -> None:
    assert only(template, "AWS::Logs::LogGroup")["RetentionInDays"] == 30
    assert only(template, "AWS::CodeBuild::Project")["TimeoutInMinutes"] == 60


def build(folder: Path, *, known: str = "", docker_fails: bool = False) -> tuple[int, list[str]]:
    """Run the build's script with an `aws` and a `docker` that write down what they are told."""
    told = folder / "told"
    for program, lines in {
        "aws": f'case "$*" in *describe-images*imageTag=*) test "$TAG" = "{known}" ;; esac\n',
        "docker": "exit 1\n" if docker_fails else "cat > /dev/null < /dev/null\n",
    }.items():
        file = folder / program
        file.write_text(f'#!/bin/sh\necho "{program} $*" >> "{told}"\n{lines}')
        file.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", BUILD],
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "REPOSITORY": "images",
            "REPOSITORY_URI": "1.dkr.example/images",
            "TAG": "abc",
        },
        capture_output=True,
        check=False,
    )
    return done.returncode, told.read_text().splitlines()


def test_the_script_logs_in_builds_and_pushes(tmp_path: Path) -> None:
    code, told = build(tmp_path)

    assert code == 0
    assert [line for line in told if line.startswith("docker")] == [
        "docker login --username AWS --password-stdin 1.dkr.example",
        "docker build --file gpu_container/Dockerfile --build-arg VERSION=abc"
        " --tag 1.dkr.example/images:abc .",
        "docker push 1.dkr.example/images:abc",
    ]


def test_files_that_are_built_already_are_not_built_again(tmp_path: Path) -> None:
    code, told = build(tmp_path, known="abc")

    assert code == 0
    assert not [line for line in told if line.startswith("docker")]


def test_the_first_step_that_fails_fails_the_build(tmp_path: Path) -> None:
    code, told = build(tmp_path, docker_fails=True)

    assert code != 0
    assert not [line for line in told if "push" in line]


def test_it_is_made_only_where_it_is_asked_for_and_never_locally() -> None:
    assert not settings_of(EXAMPLE).build_image
    assert settings_of({**EXAMPLE, "build_image": "true"}).build_image
    for context in ({"build_image": "perhaps"}, {"build_image": "true", "target": "local"}):
        with pytest.raises(WrongSettings, match="build_image: "):
            settings_of({**EXAMPLE, **context})
