"""Which stacks a deployment has: the service, and where the settings say so, image and endpoint."""

from __future__ import annotations

from aws_cdk import App, IStackSynthesizer, Validations
from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.gpu_stack import GpuImage, GpuStack
from infra.image_stack import ImageStack
from infra.service_stack import ServiceStack
from infra.settings import Settings


def make_stacks(
    app: App, settings: Settings, synthesizer: IStackSynthesizer | None = None
) -> ServiceStack:
    """Make them all, each by a name that says the stage; returns the service."""
    name = settings.stack_name
    service = ServiceStack(app, name, settings=settings, synthesizer=synthesizer)
    image = ImageStack(app, f"{name}Image") if settings.build_image else None
    if settings.make_endpoint:
        gpu = GpuStack(app, f"{name}Gpu", settings=settings, bucket=service.bucket)
        if settings.gpu_image or image is None:
            gpu.run(GpuImage.named(settings.gpu_image, gpu))
        else:
            gpu.run(GpuImage(image.image_uri, image.repository_arn))
    return service


def check_rules(app: App) -> None:
    """Let cdk-nag fail the synthesis of what breaks AWS's rules and is not accepted."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(), ServerlessChecks())
