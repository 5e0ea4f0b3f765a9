"""Builds the GPU image without a local Docker: CodeBuild makes it from a zip of what goes into it.

A stack of its own, made where the setting build_image says so. Deploying starts nothing: its
output BuildCommand is the line that does, and a second build of the same files ends at once. No
other stack knows of this one: the setting gpu_image names an image when it has been built.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aws_cdk import (
    Acknowledgment,
    CfnOutput,
    Duration,
    IgnoreMode,
    RemovalPolicy,
    Stack,
    Validations,
)
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.aws_s3_assets import Asset
from constructs import Construct

from infra.functions import log_group

_ROOT = Path(__file__).parent.parent
_DOCKERFILE = "gpu_container/Dockerfile"
_IMAGES_KEPT = 5
_TAG_DIGITS = 16
_LONGEST_BUILD = Duration.hours(1)  # it fetches 4 GB and pushes as much
BUILD = f"""\
set -eu
if aws ecr describe-images --repository-name "$REPOSITORY" --image-ids "imageTag=$TAG"; then
  echo "these files are built already"
  exit 0
fi
aws ecr get-login-password | docker login --username AWS --password-stdin "${{REPOSITORY_URI%%/*}}"
docker build --file {_DOCKERFILE} --build-arg "VERSION=$TAG" --tag "$REPOSITORY_URI:$TAG" .
docker push "$REPOSITORY_URI:$TAG"
"""
"""What CodeBuild runs; one script, so that the first line that fails is the last that ran."""


class ImageStack(Stack):
    """A repository, a project that pushes to it, and nothing that costs while nobody builds."""

    def __init__(self, scope: Construct, construct_id: str, **stack: Any) -> None:
        super().__init__(scope, construct_id, **stack)
        source = Asset(
            self,
            "Source",
            path=str(_ROOT),
            ignore_mode=IgnoreMode.DOCKER,
            exclude=[*(_ROOT / ".dockerignore").read_text().splitlines(), *_FOR_DOCKER],
        )
        self._repository = ecr.Repository(
            self,
            "Repository",
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            removal_policy=RemovalPolicy.DESTROY,  # this repository can build every one again
            empty_on_delete=True,
            lifecycle_rules=[
                ecr.LifecycleRule(
                    tag_status=ecr.TagStatus.UNTAGGED, max_image_age=Duration.days(1)
                ),
                ecr.LifecycleRule(max_image_count=_IMAGES_KEPT),
            ],
        )
        tag = source.asset_hash[:_TAG_DIGITS]
        project = self._project(source, tag)
        CfnOutput(self, "ImageUri", value=self._repository.repository_uri_for_tag(tag))
        CfnOutput(
            self,
            "BuildCommand",
            value=f"aws codebuild start-build --project-name {project.project_name}",
        )

    def _project(self, source: Asset, tag: str) -> codebuild.Project:
        lines = log_group(self, "Log")
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
        lines.grant_write(role)
        self._allow(role, source)
        project = codebuild.Project(
            self,
            "Build",
            source=codebuild.Source.s3(bucket=source.bucket, path=source.s3_object_key),
            role=role.without_policy_updates(),  # the CDK would grant more than a build needs
            environment=codebuild.BuildEnvironment(
                build_image=codebuild.LinuxBuildImage.STANDARD_7_0,
                compute_type=codebuild.ComputeType.LARGE,  # 128 GB of disk
                privileged=True,
            ),
            environment_variables={
                "REPOSITORY": _plain(self._repository.repository_name),
                "REPOSITORY_URI": _plain(self._repository.repository_uri),
                "TAG": _plain(tag),
            },
            build_spec=codebuild.BuildSpec.from_object(
                {"version": "0.2", "phases": {"build": {"commands": [BUILD]}}}
            ),
            logging=codebuild.LoggingOptions(
                cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=lines)
            ),
            timeout=_LONGEST_BUILD,
            queued_timeout=_LONGEST_BUILD,
            grant_report_group_permissions=False,
        )
        project.node.add_dependency(role)
        _accept(
            project,
            "AwsSolutions-CB3",
            "Building an image needs Docker, and Docker in CodeBuild needs a privileged container; "
            "what it builds is this repository's, pinned by hash.",
        )
        _accept(
            project,
            "AwsSolutions-CB4",
            "It leaves no artifact that a key of its own would protect: the image goes to ECR.",
        )
        return project

    def _allow(self, role: iam.Role, source: Asset) -> None:
        """Reading the one zip, and pushing to the one repository.

        (https://docs.aws.amazon.com/codebuild/latest/userguide/setting-up-service-role.html)
        """
        grants = {
            "s3:GetObject,GetObjectVersion": source.bucket.arn_for_objects(source.s3_object_key),
            "s3:GetBucketAcl,GetBucketLocation": source.bucket.bucket_arn,
            "ecr:BatchCheckLayerAvailability,BatchGetImage,CompleteLayerUpload,DescribeImages,"
            "InitiateLayerUpload,PutImage,UploadLayerPart": self._repository.repository_arn,
            "ecr:GetAuthorizationToken": "*",
        }
        for actions, resource in grants.items():
            service, _, names = actions.partition(":")
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=[f"{service}:{name}" for name in names.split(",")],
                    resources=[resource],
                )
            )
        _accept(
            role,
            "AwsSolutions-IAM5[Resource::*]",
            "A token to log in to ECR belongs to no repository; AWS allows it on * only.",
        )


_FOR_DOCKER = (f"!{_DOCKERFILE}", "!.dockerignore")


def _plain(value: str) -> codebuild.BuildEnvironmentVariable:
    return codebuild.BuildEnvironmentVariable(value=value)


def _accept(construct: Construct, rule: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))
