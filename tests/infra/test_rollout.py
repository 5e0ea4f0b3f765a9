"""A deployment while jobs run: names move from version to version, and back when it fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from infra.rooms import DISPATCHER, FOLLOWUP, INTERACTIONS, REGISTER_COMMANDS, ROOMS
from tests.infra.templates import called, function_of, of_type

ERRORS = {"ManyRequestsFail", "DeadLetters", "DiscordIsAnsweredLateOrWithErrors"}


def callers(template: Mapping[str, Any]) -> Iterator[Any]:
    """How each of those that call a room by themselves names it."""
    for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values():
        yield mapping["Properties"]["FunctionName"]
    for permission in of_type(template, "AWS::Lambda::Permission").values():
        yield permission["Properties"]["FunctionName"]
    for integration in of_type(template, "AWS::ApiGatewayV2::Integration").values():
        yield integration["Properties"]["IntegrationUri"]
    for rule in of_type(template, "AWS::Events::Rule").values():
        yield from (target["Arn"] for target in rule["Properties"]["Targets"])
    for notified in of_type(template, "Custom::S3BucketNotifications").values():
        configuration = notified["Properties"]["NotificationConfiguration"]
        for one in configuration["LambdaFunctionConfigurations"]:
            yield one["LambdaFunctionArn"]


def test_whatever_calls_a_room_calls_the_version_that_is_live(template: dict[str, Any]) -> None:
    found = {called(template, caller) for caller in callers(template)}

    # A deployment itself calls the room that registers the commands, and is to call the new code.
    assert found == {
        function_of(template, room)[0] for room in ROOMS if room is not REGISTER_COMMANDS
    }
    for config in of_type(template, "AWS::Lambda::EventInvokeConfig").values():
        assert config["Properties"]["Qualifier"] == "live"
    for alias in of_type(template, "AWS::Lambda::Alias").values():
        assert alias["Properties"]["Name"] == "live"


def test_the_version_before_stays_for_what_it_has_begun(template: dict[str, Any]) -> None:
    for version in of_type(template, "AWS::Lambda::Version").values():
        assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_new_code_of_the_rooms_that_answer_members_is_tried_on_a_tenth_of_the_calls(
    template: dict[str, Any],
) -> None:
    groups = of_type(template, "AWS::CodeDeploy::DeploymentGroup")
    moved = {
        called(template, {"Ref": name}): alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        for name, alias in of_type(template, "AWS::Lambda::Alias").items()
        if "UpdatePolicy" in alias
    }

    assert moved.keys() == {
        function_of(template, room)[0] for room in (INTERACTIONS, DISPATCHER, FOLLOWUP)
    }
    assert {move["DeploymentGroupName"]["Ref"] for move in moved.values()} == groups.keys()
    for group in groups.values():
        said = group["Properties"]
        assert said["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent15Minutes"
        assert set(said["AutoRollbackConfiguration"]["Events"]) == {
            "DEPLOYMENT_FAILURE",
            "DEPLOYMENT_STOP_ON_ALARM",
        }


def test_new_code_is_taken_back_by_the_alarms_that_tell_of_it(template: dict[str, Any]) -> None:
    """And by no other: a provider's outage must not keep a correction from being deployed."""
    for group in of_type(template, "AWS::CodeDeploy::DeploymentGroup").values():
        watched = group["Properties"]["AlarmConfiguration"]
        names = {alarm["Name"]["Ref"] for alarm in watched["Alarms"]}

        assert watched["Enabled"] is True
        assert names <= of_type(template, "AWS::CloudWatch::Alarm").keys()
        assert {name.removeprefix("MonitoringAlarms")[:-8] for name in names} == ERRORS


def test_the_embedded_aws_and_who_wants_it_with_options_have_no_rollout(
    local_template: dict[str, Any], with_options: dict[str, Any]
) -> None:
    for template in (local_template, with_options):
        kinds = {resource["Type"] for resource in template["Resources"].values()}
        assert "AWS::CodeDeploy::DeploymentGroup" not in kinds
        assert "AWS::Lambda::Alias" in kinds


def test_traces_are_made_where_the_settings_say_so_and_never_of_a_cold_start_for_discord(
    template: dict[str, Any], with_options: dict[str, Any]
) -> None:
    for room in ROOMS:
        assert "TracingConfig" not in function_of(template, room)[1]
        traced = function_of(with_options, room)[1].get("TracingConfig") == {"Mode": "Active"}
        assert traced == (room is not INTERACTIONS), room.name
