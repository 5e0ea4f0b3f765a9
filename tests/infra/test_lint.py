"""cfn-lint, which knows what CloudFormation would refuse, finds nothing in any template."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.conftest import DEV, EVERY_STACK, LOCAL, OPTIONS, Assemble

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("cfnlint") is None,  # its import alone would take seconds
    reason="make setup has not run since it was added",
)

ACCEPTED = {
    "W3005": "The CDK says of a function that it depends on its role, which its ARN says already.",
}


@pytest.mark.parametrize(
    "context", [EVERY_STACK, DEV, OPTIONS, LOCAL], ids=["prod", "dev", "options", "local"]
)
def test_the_templates_are_clean(context: dict[str, str], assemble: Assemble) -> None:
    templates = sorted(map(str, assemble(**context).folder.glob("*.template.json")))

    said = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", "--ignore-checks", *ACCEPTED, "--", *templates],
        capture_output=True,
        check=False,
        text=True,
    )
    assert templates
    assert (said.returncode, said.stdout) == (0, ""), said.stdout + said.stderr
