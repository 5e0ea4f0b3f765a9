"""What keeps strangers out, and bounds what they can make us pay."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.api import BURST, REQUESTS_PER_SECOND
from infra.rooms import DISPATCHER, INTERACTIONS, ROOMS
from infra.settings_file import WrongSettings
from tests.infra.conftest import DEV, EVERY_STACK, EXAMPLE, Assemble, settings_of
from tests.infra.templates import called, function_of, of_type


def test_no_key_is_ours_so_that_aws_rotates_each(assemble: Assemble) -> None:
    """Bucket, queues, table and secrets have AWS's own keys, which it rotates every year."""
    for context in (EVERY_STACK, DEV):
        for template in assemble(**context).templates.values():
            for resource in template["Resources"].values():
                if resource["Type"] == "AWS::KMS::Key":
                    assert resource["Properties"]["EnableKeyRotation"] is True
            assert "KmsMasterKeyId" not in json.dumps(template)


def test_nobody_publishes_an_alarm_over_plain_http(template: dict[str, Any]) -> None:
    (policy,) = of_type(template, "AWS::SNS::TopicPolicy").values()
    denied = [
        statement["Condition"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    ]
    assert denied == [{"Bool": {"aws:SecureTransport": "false"}}]


def test_the_one_route_is_throttled_with_and_without_a_firewall(
    template: dict[str, Any], with_options: dict[str, Any]
) -> None:
    (stage,) = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    assert stage["Properties"]["DefaultRouteSettings"] == {
        "ThrottlingRateLimit": REQUESTS_PER_SECOND,
        "ThrottlingBurstLimit": BURST,
    }
    (stage,) = of_type(with_options, "AWS::ApiGateway::Stage").values()
    (settings,) = stage["Properties"]["MethodSettings"]
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/*", "*")
    assert settings["ThrottlingRateLimit"] == REQUESTS_PER_SECOND
    assert settings["ThrottlingBurstLimit"] == BURST


def test_there_is_a_firewall_where_the_settings_say_so(
    template: dict[str, Any], with_options: dict[str, Any]
) -> None:
    assert "WAFv2" not in json.dumps([r["Type"] for r in template["Resources"].values()])

    assert "AWS::ApiGatewayV2::Api" not in {r["Type"] for r in with_options["Resources"].values()}
    (method,) = of_type(with_options, "AWS::ApiGateway::Method").values()
    (resource,) = of_type(with_options, "AWS::ApiGateway::Resource").values()
    assert (method["Properties"]["HttpMethod"], resource["Properties"]["PathPart"]) == (
        *("POST", "interactions"),
    )
    uri = method["Properties"]["Integration"]["Uri"]
    assert called(with_options, uri) == function_of(with_options, INTERACTIONS)[0]
    (guarded,) = of_type(with_options, "AWS::WAFv2::WebACLAssociation").values()
    (stage,) = of_type(with_options, "AWS::ApiGateway::Stage")
    assert stage in json.dumps(guarded["Properties"]["ResourceArn"])


def test_the_firewall_lets_only_what_is_signed_wake_a_room(with_options: dict[str, Any]) -> None:
    (acl,) = of_type(with_options, "AWS::WAFv2::WebACL").values()
    rules = {rule["Name"]: rule for rule in acl["Properties"]["Rules"]}

    assert list(rules) == ["unsigned", "too-many", "known-for-bots"]
    inner = rules["unsigned"]["Statement"]["NotStatement"]["Statement"]["RegexMatchStatement"]
    assert inner["FieldToMatch"] == {"SingleHeader": {"Name": "x-signature-ed25519"}}
    assert rules["unsigned"]["Action"] == rules["too-many"]["Action"] == {"Block": {}}
    # Discord calls from few addresses: one of them may bring all that the API takes.
    limit = rules["too-many"]["Statement"]["RateBasedStatement"]["Limit"]
    assert limit >= REQUESTS_PER_SECOND * 5 * 60


def test_the_embedded_aws_has_no_firewall() -> None:
    with pytest.raises(WrongSettings, match="waf: an embedded AWS has none"):
        settings_of({**EXAMPLE, "target": "local", "waf": "true"})


def test_runs_are_reserved_where_the_settings_say_so(
    template: dict[str, Any], with_options: dict[str, Any]
) -> None:
    for room in ROOMS:
        key = "ReservedConcurrentExecutions"
        assert key not in function_of(template, room)[1]
        assert function_of(with_options, room)[1][key] == room.runs_at_most
    # Lambda takes as many messages as the mapping allows: with fewer runs they become dead letters.
    (bounded,) = [
        mapping["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        for mapping in of_type(with_options, "AWS::Lambda::EventSourceMapping").values()
        if "ScalingConfig" in mapping["Properties"]
    ]
    assert bounded <= DISPATCHER.runs_at_most
    assert sum(room.runs_at_most for room in ROOMS) <= 200  # 100 must stay free, AWS says


def test_one_process_of_a_hundred_writes_debug_lines(template: dict[str, Any]) -> None:
    for room in ROOMS:
        variables = function_of(template, room)[1]["Environment"]["Variables"]
        assert variables["POWERTOOLS_LOGGER_SAMPLE_RATE"] == "0.01"
        assert variables["POWERTOOLS_LOG_LEVEL"] == "INFO"
