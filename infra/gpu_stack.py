"""The GPU at SageMaker: an asynchronous endpoint that has no instance while nobody asks.

A stack of its own, made where the setting make_endpoint says so. It reads jobs from the service
stack's bucket and writes there what it could not do. Source: AWS, "Asynchronous inference" and
"Autoscale an asynchronous endpoint".

Of the service stack it needs the bucket's name alone, which that one exports in any case: where an
export would go with this stack, the service could not be deployed while this one still imports it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aws_cdk import (
    Acknowledgment,
    ArnFormat,
    CfnOutput,
    Fn,
    RemovalPolicy,
    Stack,
    Validations,
)
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from infra.functions import LOG_RETENTION
from infra.gpu_scaling import GpuScaling
from infra.settings import Settings
from infra.storage import (
    ENVELOPES,
    SAGEMAKER,
    SAGEMAKER_FAILURES,
    SAGEMAKER_OUTPUTS,
    bucket_export,
)

VARIANT = "AllTraffic"
_RECIPES_IN_IMAGE = "/opt/worker/workflows"  # where gpu_container/Dockerfile puts them
_AT_ONCE = 2  # one in the engine, and the next with its inputs
_ITS_OWN = "sagemaker"
_STARTUP_S = 600
_DOWNLOAD_S = 3600  # what SageMaker allows at most; models are many gigabytes


@dataclass(frozen=True, slots=True)
class GpuImage:
    """An image in ECR, and the repository that the endpoint's role may pull it from."""

    uri: str
    repository_arn: str

    @classmethod
    def named(cls, uri: str, scope: Stack) -> GpuImage:
        """Read ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG."""
        registry, _, rest = uri.partition("/")
        account, _, _, region, *_ = registry.split(".")
        name = rest.partition("@")[0].partition(":")[0]
        arn = scope.format_arn(
            service="ecr",
            account=account,
            region=region,
            resource="repository",
            resource_name=name,
        )
        return cls(uri, arn)


class GpuStack(Stack):
    """The model, its endpoint, a role that reads what it must, and the scaling."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        **stack: Any,
    ) -> None:
        super().__init__(scope, construct_id, **stack)
        self._settings = settings
        bucket = Fn.import_value(bucket_export(settings.stack_name))
        self._bucket = s3.Bucket.from_bucket_name(self, "Bucket", bucket)
        self._name = settings.sagemaker_endpoint_name
        self._log_name = f"/aws/sagemaker/Endpoints/{self._name}"
        image = GpuImage.named(settings.gpu_image, self)
        endpoint = self._endpoint(self._role(image), image)
        GpuScaling(self, "Scaling", settings=self._settings, variant=VARIANT).node.add_dependency(
            endpoint
        )
        CfnOutput(self, "EndpointName", value=self._name)

    def _endpoint(self, role: iam.Role, image: GpuImage) -> sagemaker.CfnEndpoint:
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image.uri,
                environment=self._environment(),
                model_data_source=sagemaker.CfnModel.ModelDataSourceProperty(
                    s3_data_source=sagemaker.CfnModel.S3DataSourceProperty(
                        s3_uri=self._settings.gpu_models,
                        s3_data_type="S3Prefix",
                        compression_type="None",
                    )
                ),
            ),
        )
        model.node.add_dependency(role)  # its policy too: SageMaker looks for image and files
        config = sagemaker.CfnEndpointConfig(
            self,
            "Config",
            production_variants=[self._variant(model)],
            async_inference_config=self._where_jobs_lie(),
        )
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=self._name,
            endpoint_config_name=config.attr_endpoint_config_name,
        )
        endpoint.node.add_dependency(self._log())
        return endpoint

    def _environment(self) -> dict[str, str]:
        warm_up = {"WARM_UP": _RECIPES_IN_IMAGE} if self._settings.gpu_warm_up else {}
        return {"STORE_ORIGINS": self._store(), **warm_up}

    def _variant(
        self, model: sagemaker.CfnModel
    ) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        host = self._settings.gpu_host_image
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=VARIANT,
            model_name=model.attr_model_name,
            instance_type=self._settings.gpu_instance_type,
            inference_ami_version=None if host == _ITS_OWN else host,
            # The first one shows that image and models work; then the scaling has its way.
            initial_instance_count=max(1, self._settings.gpu_min_instances),
            container_startup_health_check_timeout_in_seconds=_STARTUP_S,
            model_data_download_timeout_in_seconds=_DOWNLOAD_S,
        )

    def _where_jobs_lie(self) -> sagemaker.CfnEndpointConfig.AsyncInferenceConfigProperty:
        config = sagemaker.CfnEndpointConfig
        return config.AsyncInferenceConfigProperty(
            client_config=config.AsyncInferenceClientConfigProperty(
                max_concurrent_invocations_per_instance=_AT_ONCE
            ),
            output_config=config.AsyncInferenceOutputConfigProperty(
                s3_output_path=self._bucket.s3_url_for_object(SAGEMAKER_OUTPUTS),
                s3_failure_path=self._bucket.s3_url_for_object(SAGEMAKER_FAILURES),
            ),
        )

    def _store(self) -> str:
        """The bucket's addresses as signed ones have them; the worker reaches nothing else."""
        hosts = (self._bucket.bucket_domain_name, self._bucket.bucket_regional_domain_name)
        return ",".join(f"https://{host}" for host in hosts)

    def _log(self) -> logs.LogGroup:
        """The group that SageMaker would make itself, and keep for ever."""
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=self._log_name,
            retention=LOG_RETENTION,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _role(self, image: GpuImage) -> iam.Role:
        """What SageMaker may do for the endpoint. The container itself gets no more than this.

        (https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, "CreateModel API")
        """
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "sagemaker.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            ),
        )
        models_bucket, _, prefix = self._settings.gpu_models.removeprefix("s3://").partition("/")
        models = f"arn:{self.partition}:s3:::{models_bucket}"
        self._allow(role, "s3:GetObject", self._bucket.arn_for_objects(ENVELOPES))
        self._allow(role, "s3:PutObject", self._bucket.arn_for_objects(f"{SAGEMAKER}*"))
        self._allow(role, "s3:GetObject", f"{models}/{prefix}*")
        self._allow(role, "s3:ListBucket", models, self._bucket.bucket_arn)
        self._allow_image_and_log(role, image)
        self._accept_stars(role, f"{models_bucket}/{prefix}")
        return role

    def _allow_image_and_log(self, role: iam.Role, image: GpuImage) -> None:
        reads = "ecr:BatchCheckLayerAvailability,BatchGetImage,GetDownloadUrlForLayer"
        self._allow(role, reads, image.repository_arn)
        self._allow(role, "ecr:GetAuthorizationToken", "*")
        streams = self.format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"{self._log_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        self._allow(role, "logs:CreateLogStream,DescribeLogStreams,PutLogEvents", streams)
        # What instances report of themselves: the dashboard shows the GPU's use.
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={"StringLike": {"cloudwatch:namespace": "/aws/sagemaker/*"}},
            )
        )

    def _allow(self, role: iam.Role, actions: str, *resources: str) -> None:
        service, _, names = actions.partition(":")
        role.add_to_policy(
            iam.PolicyStatement(
                actions=[f"{service}:{name}" for name in names.split(",")],
                resources=list(resources),
            )
        )

    def _accept_stars(self, role: iam.Role, models: str) -> None:
        bucket = f"arn:<AWS::Partition>:s3:::{bucket_export(self._settings.stack_name)}"
        here = "<AWS::Region>:<AWS::AccountId>"
        reasons = {
            f"{bucket}/{ENVELOPES}": "The keys of a job are made when the job is.",
            f"{bucket}/{SAGEMAKER}*": "SageMaker names what it writes there.",
            f"arn:<AWS::Partition>:s3:::{models}*": "Model files are called as the operator likes.",
            f"arn:<AWS::Partition>:logs:{here}:log-group:{self._log_name}:*": "SageMaker names the "
            "streams of this one group by its instances.",
            "*": "A token to log in to ECR belongs to no repository, and a metric to no resource: "
            "AWS allows both on * only. The metrics are bounded by their namespace.",
        }
        Validations.of(role).acknowledge(
            *(
                Acknowledgment(
                    id=f"AwsSolutions::AwsSolutions-IAM5[Resource::{what}]", reason=reason
                )
                for what, reason in reasons.items()
            )
        )
