"""cfn-lint, which knows what CloudFormation would refuse, finds nothing in any template."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.conftest import assembled
from tests.infra.test_removal import EVERY_STACK

pytest.importorskip("cfnlint")  # where `make setup` has not run since it was added

ACCEPTED = {
    "W3005": "The CDK says of a function that it depends on its role, which its ARN says already.",
}


@pytest.mark.parametrize(
    "context",
    [
        EVERY_STACK,
        {**EVERY_STACK, "stage": "dev", "keep_data": "false"},
        {"target": "local", "sagemaker_url": "http://127.0.0.1:1"},
    ],
    ids=["prod", "dev", "local"],
)
def test_the_templates_are_clean(context: dict[str, str], tmp_path: Path) -> None:
    assembled(tmp_path, **context)
    templates = sorted(map(str, tmp_path.glob("*.template.json")))

    said = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", "--ignore-checks", *ACCEPTED, "--", *templates],
        capture_output=True,
        check=False,
        text=True,
    )
    assert templates
    assert (said.returncode, said.stdout) == (0, ""), said.stdout + said.stderr
