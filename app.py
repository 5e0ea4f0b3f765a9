"""The CDK app: `cdk deploy -c application_id=... -c public_key=...` (docs/configuration.md)."""

import sys
from pathlib import Path

from aws_cdk import App, CliCredentialsStackSynthesizer, Validations
from cdk_nag import AwsSolutionsChecks

from distillery.core.errors import BrokenRecipe
from distillery.discord.command_style import CommandStyle
from distillery.discord.commands import all_commands
from distillery.recipe_files import load_recipes
from infra.image_stack import ImageStack
from infra.service_stack import ServiceStack
from infra.settings import Settings, WrongSettings

app = App()
try:
    settings = Settings.from_context(app.node.get_all_context())
    # Discord would refuse these only after all else has been deployed.
    all_commands(load_recipes(Path("workflows")), CommandStyle(settings.command_style))
except (WrongSettings, BrokenRecipe) as error:
    sys.exit(str(error))
# An embedded AWS refuses the roles that `cdk bootstrap` makes, and plain HTTP breaks nag's rules.
synthesizer = CliCredentialsStackSynthesizer() if settings.is_local else None
ServiceStack(app, "Distillery", settings=settings, synthesizer=synthesizer)
if settings.build_image:
    ImageStack(app, "DistilleryImage")
if not settings.is_local:
    Validations.of(app).add_plugins(AwsSolutionsChecks())
app.synth()
