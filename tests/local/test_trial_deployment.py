"""A deployment in the middle of jobs, on the embedded AWS: `make chaos` has a hundred of them."""

from __future__ import annotations

import pytest

from local.chaos.finding import table
from local.chaos.trials import deployment


@pytest.mark.cloud
def test_no_answer_is_lost_or_doubled_while_every_room_gets_new_code() -> None:
    findings = deployment.run(8, seed=1, quiet_s=3.0)
    assert all(finding.kept for finding in findings), table(findings)
