"""The CDK app: `distillery.toml` says what it deploys (docs/configuration.md)."""

import sys
from pathlib import Path

from aws_cdk import App, CliCredentialsStackSynthesizer

from distillery.core.errors import BrokenRecipe
from distillery.discord.command_style import CommandStyle
from distillery.discord.commands import all_commands
from distillery.recipe_files import load_recipes
from infra.room_packages import NotInstalled, packages_of
from infra.rooms import ROOMS
from infra.settings_file import WrongSettings, read_settings
from infra.stacks import check_rules, make_stacks
from local.operating.rooms import checks_of_rooms

app = App()
try:
    settings = read_settings(app.node.get_all_context(), Path(__file__).parent, checks_of_rooms())
    # Discord would refuse these only after all else has been deployed.
    all_commands(load_recipes(Path("workflows")), CommandStyle(settings.command_style))
    # The CDK would tell this with fifty lines around it.
    for room in ROOMS:
        packages_of(room.name, settings.target, settings.python_version)
except (WrongSettings, BrokenRecipe, NotInstalled) as error:
    sys.exit(str(error))
# An embedded AWS refuses the roles that `cdk bootstrap` makes, and plain HTTP breaks nag's rules.
synthesizer = CliCredentialsStackSynthesizer() if settings.is_local else None
make_stacks(app, settings, synthesizer)
if not settings.is_local:
    check_rules(app)
app.synth()
