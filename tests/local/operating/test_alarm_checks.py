"""What `distillery doctor` says of the alarms, and of who would be told of them."""

from __future__ import annotations

from typing import Any

import pytest
from moto import mock_aws

from local.operating import alarm_checks
from local.operating.channel_permissions import SEND, SEND_IN_THREADS
from local.operating.outside import Unwell
from local.operating.place import aws_client
from tests.local.operating.stand_ins import Others, StandIn


@mock_aws
def test_an_alarm_that_rings_is_named(others: Others, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    client = aws_client("cloudwatch")
    client.put_metric_alarm(
        AlarmName="Distillery-no-provider",
        MetricName="NoProvider",
        Namespace="Distillery",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Threshold=1,
        Period=60,
        Statistic="Sum",
    )
    monkeypatch.setattr(StandIn, "resources", lambda _, kind: ["Distillery-no-provider"])
    assert alarm_checks.ringing(StandIn(others)) == "1 are quiet"

    client.set_alarm_state(
        AlarmName="Distillery-no-provider", StateValue="ALARM", StateReason="a test"
    )
    with pytest.raises(Unwell, match=r"Distillery-no-provider: docs/operations\.md"):
        alarm_checks.ringing(StandIn(others))


class Subscribed:
    """A topic with one subscription; before it is confirmed its ARN says so, and is none."""

    def __init__(self, arn: str, endpoint: str) -> None:
        self._one = {"SubscriptionArn": arn, "Protocol": "email", "Endpoint": endpoint}

    def get_paginator(self, _: str) -> Subscribed:
        return self

    def paginate(self, **_: str) -> list[Any]:
        return [{"Subscriptions": []}, {"Subscriptions": [self._one]}]


@pytest.mark.parametrize(
    ("arn", "endpoint", "is_well"),
    [
        ("arn:aws:sns:eu-central-1:1:a-topic:1", "ops@example.com", True),
        ("PendingConfirmation", "ops@example.com", False),
        ("Deleted", "ops@example.com", False),
        ("arn:aws:sns:eu-central-1:1:a-topic:1", "others@example.com", False),
    ],
)
def test_who_has_not_confirmed_that_alarms_are_mailed_is_named(
    others: Others, monkeypatch: pytest.MonkeyPatch, arn: str, endpoint: str, is_well: bool
) -> None:
    place = StandIn(others, alarm_email="ops@example.com")
    monkeypatch.setattr(StandIn, "outputs", {"AlarmTopic": "a-topic"})
    monkeypatch.setattr(StandIn, "client", lambda _, service: Subscribed(arn, endpoint))
    if is_well:
        assert alarm_checks.email(place) == "ops@example.com has confirmed"
    else:
        with pytest.raises(
            Unwell, match=r"has not confirmed.*--topic-arn a-topic --protocol email"
        ):
            alarm_checks.email(place)


def test_a_bot_that_does_not_see_the_channel_of_the_alarms_is_found_out(others: Others) -> None:
    place = StandIn(others, alarm_channel="77")
    with pytest.raises(Unwell, match="does not see the channel 77: 404"):
        alarm_checks.channel(place)
    others.answers["/channels/77"] = {"id": "77", "type": 1}  # somebody's direct messages
    assert alarm_checks.channel(place) == "the bot may write in direct messages"


@pytest.mark.parametrize("where", ["77", "78"], ids=["a channel", "a thread of it"])
@pytest.mark.parametrize("may", [True, False])
def test_a_bot_that_may_not_write_where_alarms_are_told_is_found_out(
    others: Others, where: str, may: bool
) -> None:
    needed = SEND if where == "77" else SEND_IN_THREADS
    silence = {"id": "13", "type": 1, "allow": "0", "deny": str(needed)}
    others.answers |= {
        "/channels/77": {
            "id": "77",
            "type": 0,
            "name": "ops",
            "guild_id": "9",
            "permission_overwrites": [] if may else [silence],
        },
        "/channels/78": {"id": "78", "type": 11, "name": "ops", "guild_id": "9", "parent_id": "77"},
        "/users/@me": {"id": "13"},
        "/guilds/9/roles": [{"id": "9", "permissions": str(needed)}],
        "/guilds/9/members/13": {"user": {"id": "13"}, "roles": []},
    }
    place = StandIn(others, alarm_channel=where)
    if may:
        assert alarm_checks.channel(place) == "the bot may write in #ops"
    else:
        with pytest.raises(Unwell, match=r"sees #ops and may not write there: .*allow the bot"):
            alarm_checks.channel(place)
