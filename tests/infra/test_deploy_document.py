"""What docs/deploy.md says of AWS's own services, compared with what its settings make.

The rest of it is followed in tests/local/test_deploy_document.py: the local AWS has no SageMaker,
no CodeBuild and no firewall, and GitHub is not here.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from infra.settings import FIELDS, stack_names
from tests.infra.conftest import EXAMPLE, GPU, ROOT, Assemble

DOCUMENT = (ROOT / "docs" / "deploy.md").read_text()
ENDPOINT, IMAGE = "DistilleryGpu", "DistilleryImage"


def section(heading: str) -> str:
    """The text under a heading, without its line breaks."""
    text = DOCUMENT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert text, heading
    return " ".join(text.split())


def types(template: dict[str, Any]) -> set[str]:
    return {resource["Type"] for resource in template["Resources"].values()}


def test_every_setting_that_it_names_is_one() -> None:
    written = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)(?: = [^`]*)?`", DOCUMENT))

    assert {"alarm_email", "build_image", "make_endpoint", "gpu_image", "keep_data"} <= written
    assert written <= {*FIELDS, "distillery_toml"}


def test_the_first_step_to_sagemaker_prints_what_it_says(assemble: Assemble) -> None:
    (first,) = re.findall(r"1\. Set `build_image = true` .*? It prints (.*?): run", DOCUMENT)
    template = assemble(build_image="true").templates[IMAGE]

    assert set(re.findall(r"`(\w+)`", first)) == set(template["Outputs"])
    told = json.dumps(template["Outputs"]["BuildCommand"]["Value"])
    assert "aws codebuild start-build --project-name " in told
    assert "AWS::CodeBuild::Project" in types(template)


def test_the_third_step_makes_an_endpoint_without_an_instance_while_nobody_asks(
    assemble: Assemble,
) -> None:
    step = section("SageMaker").partition("3. ")[2]
    named = set(re.findall(r"`(gpu_models|make_endpoint = true|sagemaker_endpoint_name)`", step))
    template = assemble(**GPU).templates[ENDPOINT]

    assert {name.partition(" ")[0] for name in named} <= {*GPU, *EXAMPLE}
    assert len(named) == 3
    assert {"AWS::SageMaker::Model", "AWS::SageMaker::Endpoint"} <= types(template)
    (target,) = [
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ApplicationAutoScaling::ScalableTarget"
    ]
    assert target["MinCapacity"] == 0


def test_it_deletes_the_stacks_that_the_settings_made() -> None:
    deleted = re.findall(r"delete-stack --stack-name (Distillery\w+)", section("SageMaker"))

    assert deleted == [ENDPOINT, IMAGE]
    assert set(deleted) < set(stack_names("prod"))


def test_the_second_bot_s_stack_is_called_as_it_says() -> None:
    (name,) = re.findall(r"its stacks are called `(\w+)`", section("A second bot, to try things"))

    assert all(stack.startswith(name) for stack in stack_names("dev"))


def test_github_s_workflow_takes_what_the_document_prepares() -> None:
    text = section("From GitHub")
    (path,) = re.findall(r"`(\.github/workflows/\S+)` deploys", text)
    workflow = yaml.safe_load((ROOT / path).read_text())
    (job,) = workflow["jobs"].values()
    (policy,) = (
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    )
    (statement,) = policy["Statement"]
    stages = workflow[True]["workflow_dispatch"]["inputs"]["stage"]["options"]  # YAML 1.1's `on`

    assert job["environment"] == "${{ inputs.stage }}"
    assert job["permissions"]["id-token"] == "write"
    variables = set(re.findall(r"vars\.(\w+)", (ROOT / path).read_text()))
    assert variables == set(re.findall(r"`(AWS_ROLE|AWS_REGION)`", text))
    subject = statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject.rpartition(":")[2] in stages
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"


@pytest.mark.parametrize(("waf", "has_it"), [("true", True), ("", False)])
def test_the_firewall_is_there_where_the_setting_says_so(
    assemble: Assemble, waf: str, has_it: bool
) -> None:
    assert "`waf = true`" in section("A firewall")

    assert ("AWS::WAFv2::WebACL" in types(assemble(waf=waf).templates["Distillery"])) is has_it
