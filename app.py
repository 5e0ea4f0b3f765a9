"""The CDK app: `cdk deploy -c application_id=... -c public_key=...` (docs/configuration.md)."""

import sys

from aws_cdk import App, CliCredentialsStackSynthesizer, Validations
from cdk_nag import AwsSolutionsChecks

from infra.image_stack import ImageStack
from infra.service_stack import ServiceStack
from infra.settings import Settings, WrongSettings

app = App()
try:
    settings = Settings.from_context(app.node.get_all_context())
except WrongSettings as error:
    sys.exit(str(error))
# An embedded AWS refuses the roles that `cdk bootstrap` makes, and plain HTTP breaks nag's rules.
synthesizer = CliCredentialsStackSynthesizer() if settings.is_local else None
ServiceStack(app, "Distillery", settings=settings, synthesizer=synthesizer)
if settings.build_image:
    ImageStack(app, "DistilleryImage")
if not settings.is_local:
    Validations.of(app).add_plugins(AwsSolutionsChecks())
app.synth()
