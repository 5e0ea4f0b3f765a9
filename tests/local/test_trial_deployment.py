"""A deployment in the middle of jobs, on the embedded AWS: `make chaos` has a hundred of them.

How many a busy machine gets done meanwhile is for `make chaos` to judge.
"""

from __future__ import annotations

import pytest

from local.chaos.finding import table
from local.chaos.trials import deployment


@pytest.mark.cloud
def test_no_answer_is_lost_or_doubled_while_every_room_gets_new_code() -> None:
    findings = deployment.run(8, seed=1, quiet_s=3.0)
    promised = [finding for finding in findings if finding.what in ("lost", "doubled")]
    assert len(promised) == 2
    assert all(finding.kept for finding in promised), table(findings)
