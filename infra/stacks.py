"""Which stacks a deployment has: the service, and where the settings say so, image and endpoint."""

from __future__ import annotations

from aws_cdk import App, IStackSynthesizer, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.service_stack import ServiceStack
from infra.settings import Settings, stack_names


def make_stacks(
    app: App, settings: Settings, synthesizer: IStackSynthesizer | None = None
) -> ServiceStack:
    """Make them all, each by a name that says the stage; returns the service."""
    gpu_name, name, image_name = stack_names(settings.stage)
    service = ServiceStack(app, name, settings=settings, synthesizer=synthesizer)
    # Who wants neither does not wait seconds for the parts of the CDK that they need.
    if settings.build_image:
        from infra.image_stack import ImageStack  # noqa: PLC0415

        ImageStack(app, image_name)
    if settings.make_endpoint:
        from infra.gpu_stack import GpuStack  # noqa: PLC0415

        gpu = GpuStack(app, gpu_name, settings=settings)
        gpu.add_dependency(service)
    return service


def check_rules(app: App) -> None:
    """Let cdk-nag fail the synthesis of what breaks AWS's rules and is not accepted."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(), ServerlessChecks())
