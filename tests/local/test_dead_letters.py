"""What dies on the real template reaches the room that keeps it, and the operator sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local import cli, deployment
from tests.local.conftest import Cloud
from tests.until import until

pytestmark = pytest.mark.cloud


@pytest.fixture
def listed(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Run `dead-letters list` until `found` is content with a letter, and return that one."""
    monkeypatch.setattr(deployment, "read_state", lambda: cloud.state)
    monkeypatch.setattr("sys.argv", ["distillery", "dead-letters", "list", "--json"])

    def letter(part_of_body: str) -> dict[str, Any]:
        assert cli.main() == 0
        letters = json.loads(capsys.readouterr().out)
        return next((each for each in letters if part_of_body in each["body"]), {})

    return lambda part_of_body: until(lambda: letter(part_of_body))


def test_a_message_in_the_dead_letter_queue_is_kept(cloud: Cloud, listed: Any) -> None:
    sqs = cloud.aws("sqs")
    url = next(url for url in sqs.list_queues()["QueueUrls"] if "DeadLetters" in url)
    sqs.send_message(QueueUrl=url, MessageBody='{"job_id": "no-such-job"}')
    letter = listed("no-such-job")
    assert (letter["source"], letter["job_id"]) == ("queue", "no-such-job")
    assert not cloud.denied()


def test_an_event_that_fails_every_time_is_kept(cloud: Cloud, listed: Any) -> None:
    client = cloud.aws("lambda")
    names = [f["FunctionName"] for f in client.list_functions()["Functions"]]
    event = {"Records": [{"not": "an event of S3"}]}
    client.invoke(
        FunctionName=next(name for name in names if "Followup" in name),
        InvocationType="Event",
        Payload=json.dumps(event),
    )
    letter = listed("an event of S3")
    assert letter["source"] == "event"
    assert "RetriesExhausted" in letter["reason"]
