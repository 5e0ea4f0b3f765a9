"""The SageMaker endpoint: made where it is asked for, paid for only while somebody asks."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.settings_file import WrongSettings
from tests.infra.conftest import EXAMPLE, GPU, ROOT, Assemble, settings_of
from tests.infra.templates import granted, of_type

IMAGE = GPU["gpu_image"]


@pytest.fixture(scope="module")
def template(assemble: Assemble) -> dict[str, Any]:
    """Synthesis fails when cdk-nag finds something that is not accepted."""
    return assemble(**GPU).templates["DistilleryGpu"]


def only(template: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = of_type(template, kind).values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def written(value: Any) -> str:
    """A value with the names of other resources in braces."""
    match value:
        case str():
            return value
        case {"Fn::Join": ["", parts]}:
            return "".join(map(written, parts))
        case {"Fn::ImportValue": name}:
            return "{bucket}" if "Bucket" in name else "{import}"
        case {"Ref": name}:
            return "{" + str(name) + "}"
        case {"Fn::GetAtt": [name, _]}:
            return "{" + str(name) + "}"
    raise AssertionError(value)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_it_reads_envelopes_and_models_and_writes_what_sagemaker_has_to_say(
    template: dict[str, Any],
) -> None:
    grants = {
        f"{action} on {written(resource).rpartition(':::')[2]}"
        for statement in only(template, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }

    s3 = {grant for grant in grants if grant.startswith("s3:")}
    assert s3 == {
        "s3:GetObject on {bucket}/jobs/*/*/envelope",
        "s3:PutObject on {bucket}/sagemaker/*",
        "s3:GetObject on our-models/sdxl/*",
        "s3:ListBucket on our-models",
        "s3:ListBucket on {bucket}",
    }
    others = {grant.partition(" on ")[0] for grant in grants - s3}
    assert others == {
        "cloudwatch:PutMetricData",
        *("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        "ecr:GetAuthorizationToken",
        *("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
    }
    assert {grant for grant in grants if grant.endswith(" on *")} == {
        "cloudwatch:PutMetricData on *",
        "ecr:GetAuthorizationToken on *",
    }


def test_it_reports_of_its_instances_and_in_no_other_namespace(template: dict[str, Any]) -> None:
    (statement,) = [
        statement
        for statement in only(template, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        if statement["Action"] == "cloudwatch:PutMetricData"
    ]
    assert statement["Condition"] == {"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}}


def test_failures_lie_where_the_watchdog_may_look(
    template: dict[str, Any], assemble: Assemble
) -> None:
    """`distillery/providers/sagemaker.py` reads the object that SageMaker's answer names."""
    service = assemble(**GPU).templates["Distillery"]
    output = only(template, "AWS::SageMaker::EndpointConfig")["AsyncInferenceConfig"][
        "OutputConfig"
    ]

    assert written(output["S3FailurePath"]) == "s3://{bucket}/sagemaker/failures"
    assert written(output["S3OutputPath"]) == "s3://{bucket}/sagemaker/outputs"
    assert "s3:GetObject on Bucket/sagemaker/failures/*" in granted(service, "WatchdogRole")


def test_its_log_is_ours_and_goes_with_the_stack(template: dict[str, Any]) -> None:
    (log,) = of_type(template, "AWS::Logs::LogGroup").values()

    assert log["Properties"]["LogGroupName"] == "/aws/sagemaker/Endpoints/Distillery-GPU"
    assert log["Properties"]["RetentionInDays"] == 30
    assert log["DeletionPolicy"] == "Delete"


def test_the_worker_reaches_the_bucket_and_nothing_else(template: dict[str, Any]) -> None:
    environment = only(template, "AWS::SageMaker::Model")["PrimaryContainer"]["Environment"]

    origins = [written(o) for o in written(environment["STORE_ORIGINS"]).split(",")]
    assert len(origins) == 2
    assert all(origin.startswith("https://") for origin in origins)


def test_it_warms_up_with_the_recipes_in_the_image_where_the_setting_says_so(
    template: dict[str, Any], assemble: Assemble
) -> None:
    dockerfile = (ROOT / "gpu_container" / "Dockerfile").read_text()
    warm = assemble(**GPU, gpu_warm_up="true").templates["DistilleryGpu"]

    def environment(of: dict[str, Any]) -> dict[str, Any]:
        read: dict[str, Any] = only(of, "AWS::SageMaker::Model")["PrimaryContainer"]["Environment"]
        return read

    assert "WARM_UP" not in environment(template)
    assert f"COPY workflows {environment(warm)['WARM_UP']}\n" in dockerfile


def test_its_instances_have_a_driver_for_the_cuda_of_the_image(
    template: dict[str, Any], assemble: Assemble
) -> None:
    """CUDA 12 runs on every driver of CUDA 12 (NVIDIA, "CUDA Compatibility"); SageMaker's own
    choice for ml.g5 has one of CUDA 11 (AWS, "GPU driver upgrades")."""
    dockerfile = (ROOT / "gpu_container" / "Dockerfile").read_text()
    api = boto3.Session().client("sagemaker", region_name="eu-central-1").meta.service_model
    host = api.shape_for("ProductionVariant").members["InferenceAmiVersion"]
    own = assemble(**GPU, gpu_host_image="sagemaker").templates["DistilleryGpu"]

    def variant(of: dict[str, Any]) -> dict[str, Any]:
        (one,) = only(of, "AWS::SageMaker::EndpointConfig")["ProductionVariants"]
        found: dict[str, Any] = one
        return found

    name = variant(template)["InferenceAmiVersion"]
    said = re.search(rf"<dt>{name}</dt>.*?CUDA version: (\d+)", host.documentation)
    assert name in host.enum
    assert said is not None
    assert f"nvidia/cuda:{said[1]}." in dockerfile
    assert "InferenceAmiVersion" not in variant(own)


def test_it_scales_from_nothing_and_back(template: dict[str, Any]) -> None:
    target = only(template, "AWS::ApplicationAutoScaling::ScalableTarget")
    policies = {
        p["Properties"]["PolicyType"]: p["Properties"]
        for p in of_type(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
    }
    alarms = {
        alarm["Properties"]["MetricName"]: alarm["Properties"]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
    }
    steps = [
        policy["Properties"]["StepScalingPolicyConfiguration"]["StepAdjustments"]
        for policy in of_type(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
        if policy["Properties"]["PolicyType"] == "StepScaling"
    ]

    assert (target["MinCapacity"], target["MaxCapacity"]) == (0, 3)
    assert target["ResourceId"] == "endpoint/Distillery-GPU/variant/AllTraffic"
    tracking = policies["TargetTrackingScaling"]["TargetTrackingScalingPolicyConfiguration"]
    metric = tracking["CustomizedMetricSpecification"]
    assert metric["MetricName"] == "ApproximateBacklogSizePerInstance"
    assert metric["Dimensions"] == [{"Name": "EndpointName", "Value": "Distillery-GPU"}]
    alarm = alarms["HasBacklogWithoutCapacity"]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["Period"]) == (1, 1, 60)
    assert [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}] in steps
    assert len(alarm["AlarmActions"]) == 1


@pytest.mark.parametrize(("idle_s", "minutes"), [("600", 10), ("90", 2), ("86400", 1440)])
def test_an_instance_goes_when_it_had_nothing_to_do_for_as_long_as_the_setting_says(
    assemble: Assemble, idle_s: str, minutes: int
) -> None:
    template = assemble(**GPU, gpu_idle_seconds=idle_s).templates["DistilleryGpu"]
    (alarm,) = [
        alarm["Properties"]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["MetricName"] == "ApproximateBacklogSizePerInstance"
    ]
    (policy,) = [alarm["AlarmActions"][0]["Ref"]]
    step = template["Resources"][policy]["Properties"]["StepScalingPolicyConfiguration"]
    tracking = [
        policy["Properties"]["TargetTrackingScalingPolicyConfiguration"]
        for policy in of_type(template, "AWS::ApplicationAutoScaling::ScalingPolicy").values()
        if "TargetTrackingScalingPolicyConfiguration" in policy["Properties"]
    ]

    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (60, minutes)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["Statistic"] == "Maximum", "one job within a minute is something to do"
    assert alarm["TreatMissingData"] == "notBreaching"
    assert step["StepAdjustments"] == [{"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1}]
    assert [one["DisableScaleIn"] for one in tracking] == [True]


def test_an_instance_that_always_runs_needs_no_first_step(assemble: Assemble) -> None:
    template = assemble(**GPU, gpu_min_instances="1").templates["DistilleryGpu"]

    assert len(of_type(template, "AWS::ApplicationAutoScaling::ScalingPolicy")) == 2
    assert only(template, "AWS::ApplicationAutoScaling::ScalableTarget")["MinCapacity"] == 1


@mock_aws
def test_sagemaker_and_its_scaling_take_what_the_template_says(template: dict[str, Any]) -> None:
    """botocore checks each call against AWS's own description of it, and moto plays AWS."""
    region = {"region_name": "eu-central-1"}
    sagemaker: Any = boto3.client("sagemaker", **region)
    scaling: Any = boto3.client("application-autoscaling", **region)
    model = only(template, "AWS::SageMaker::Model")
    role = {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/a-role"}
    sagemaker.create_model(ModelName="m", **_plain(model), **role)
    config = _plain(only(template, "AWS::SageMaker::EndpointConfig"))
    config["ProductionVariants"][0]["ModelName"] = "m"
    sagemaker.create_endpoint_config(EndpointConfigName="c", **config)
    sagemaker.create_endpoint(EndpointName="Distillery-GPU", EndpointConfigName="c")
    of_scaling = "AWS::ApplicationAutoScaling::"
    target = _plain(only(template, f"{of_scaling}ScalableTarget"))
    target.pop("RoleARN")
    scaling.register_scalable_target(**target)
    names = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    for policy in of_type(template, f"{of_scaling}ScalingPolicy").values():
        said = policy["Properties"]
        scaling.put_scaling_policy(
            PolicyName=said["PolicyName"],
            PolicyType=said["PolicyType"],
            **{name: target[name] for name in names},
            **{k: v for k, v in said.items() if k.endswith("Configuration")},
        )

    assert sagemaker.describe_endpoint(EndpointName="Distillery-GPU")["EndpointStatus"]
    kept = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert len(kept) == 3


def _plain(properties: dict[str, Any]) -> dict[str, Any]:
    """Properties with texts for references; what refers to a role is left to the test."""

    def plain(value: Any) -> Any:
        match value:
            case {"Fn::Join": _} | {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::ImportValue": _}:
                return written(value)
            case dict():
                return {key: plain(inner) for key, inner in value.items()}
            case list():
                return [plain(inner) for inner in value]
        return value

    kept = {k: v for k, v in properties.items() if k != "ExecutionRoleArn"}
    made: dict[str, Any] = json.loads(json.dumps(plain(kept)))
    return made


@pytest.mark.parametrize(
    ("context", "stacks"),
    [
        ({"providers": "runpod"}, {"Distillery"}),
        ({"providers": "sagemaker", **GPU}, {"Distillery", "DistilleryGpu"}),
        ({**GPU, "stage": "dev"}, {"DistilleryDev", "DistilleryDevGpu"}),
        (
            {**GPU, "build_image": "true"},
            {"Distillery", "DistilleryGpu", "DistilleryImage"},
        ),
    ],
    ids=["runpod alone", "sagemaker alone", "both, and a stage", "both, and the image"],
)
def test_stacks_are_made_as_the_settings_say(
    context: dict[str, str], stacks: set[str], assemble: Assemble
) -> None:
    templates = assemble(**context).templates

    assert templates.keys() == stacks
    service = next(t for name, t in templates.items() if name in ("Distillery", "DistilleryDev"))
    providers = context.get("providers", "runpod,sagemaker")
    dispatcher = granted(service, "DispatcherRole")
    for provider, action in (("sagemaker", "sagemaker:"), ("runpod", "runpod")):
        assert (provider in providers) == any(action in grant for grant in dispatcher)


def test_without_the_endpoint_nothing_that_it_imports_goes(assemble: Assemble) -> None:
    """CloudFormation refuses to take an export away that a stack, if unwanted, still imports."""
    with_it, without = assemble(**GPU).templates, assemble().templates

    def exports(templates: dict[str, Any]) -> set[str]:
        outputs = templates["Distillery"]["Outputs"].values()
        return {output["Export"]["Name"] for output in outputs if "Export" in output}

    imported = set(re.findall(r'"Fn::ImportValue": "([^"]+)"', json.dumps(with_it)))
    assert imported == {"Distillery-BucketName"}
    assert exports(with_it) == exports(without) == imported


def test_no_deployment_needs_an_image_that_nobody_has_built(assemble: Assemble) -> None:
    """A change of the image's files moves the build alone; gpu_image names what runs."""
    templates = assemble(**GPU, build_image="true").templates

    (model,) = of_type(templates["DistilleryGpu"], "AWS::SageMaker::Model").values()
    assert model["Properties"]["PrimaryContainer"]["Image"] == IMAGE
    assert "Export" not in json.dumps(templates["DistilleryImage"]["Outputs"])


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("providers", "runpod"),
        ("gpu_image", "docker.io/someone/image:1"),
        ("gpu_image", ""),
        ("gpu_idle_seconds", "30"),
        ("gpu_idle_seconds", "90000"),
        ("gpu_models", "our-models/sdxl"),
        ("gpu_instance_type", "g5.xlarge"),
        ("gpu_host_image", "ami-0123456789abcdef0"),
        ("gpu_min_instances", "4"),
        ("gpu_min_instances", "-1"),
    ],
)
def test_what_cannot_become_an_endpoint_is_refused(key: str, value: str) -> None:
    named = {"providers": "make_endpoint", "gpu_min_instances": "gpu_m.._instances"}.get(key, key)
    with pytest.raises(WrongSettings, match=f"{named}: "):
        settings_of({**EXAMPLE, **GPU, key: value})
