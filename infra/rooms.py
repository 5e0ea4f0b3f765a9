"""The table of rooms: one row per deployed function, read by its bundle and its construct."""

from __future__ import annotations

from dataclasses import dataclass

_EVERY_ROOM = ("distillery/__init__.py", "distillery/settings.py", "distillery/core")
_RECIPES = ("distillery/recipe_files.py", "workflows")
_RULES = ("distillery/rule_files.py", "distillery/content_rules")
_DELIVERY = (
    *_RECIPES,  # a message offers what an installed recipe can do
    *("distillery/discord", "distillery/aws"),
    *("distillery/wiring/__init__.py", "distillery/wiring/delivery.py"),
    "distillery/wiring/picture_check.py",
)
_PROVIDERS = ("distillery/providers", "distillery/wiring/providers.py")
_DELIVERY_VARIABLES = (
    *("TABLE_NAME", "BUCKET_NAME", "QUEUE_URL"),
    *("DISCORD_API_URL", "BOT_TOKEN_SECRET_NAME"),
    *("PICTURE_CHECK", "PICTURE_ACTIONS", "CHECK_SCORE", "RULES_LEVEL", "MESSAGE_RULES_LEVEL"),
)
_PROVIDER_VARIABLES = (
    *("PROVIDERS", "JOB_TIMEOUT_SECONDS"),
    *("RUNPOD_API_URL", "RUNPOD_ENDPOINT_ID", "RUNPOD_SECRET_NAME", "RUNPOD_SLOTS"),
    *("SAGEMAKER_ENDPOINT_NAME", "SAGEMAKER_SLOTS"),
    *("WORKER_COMFYUI_ENDPOINT_ID", "WORKER_COMFYUI_SLOTS"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One Lambda function: `lambdas/<name>/main.py` and what it needs."""

    name: str
    sources: tuple[str, ...]
    """Files and folders of the repository that go into its bundle, besides `lambdas/<name>`."""
    variables: tuple[str, ...]
    """Names of its environment variables; the stack knows the values."""
    memory_mib: int
    timeout_s: int
    runs_at_most: int
    """Runs at one time, no more and always these, where `reserve_concurrency` says so."""
    is_traced: bool = True
    """Whether X-Ray follows it, where `tracing` says so."""
    is_gradual: bool = False
    """Whether new code of it gets a tenth of the calls first: where members would notice."""


INTERACTIONS = Room(
    name="interactions",
    sources=(*_EVERY_ROOM, *_RECIPES, *_RULES, "distillery/discord", "distillery/aws"),
    variables=(
        *("TABLE_NAME", "BUCKET_NAME", "QUEUE_URL"),
        *("DISCORD_PUBLIC_KEY", "ATTACHMENT_ORIGINS", "TIERS", "COMMAND_STYLE", "CREDIT_GUILDS"),
        *("RULES_LEVEL", "MESSAGE_RULES_LEVEL", "PENALTIES", "KEEP_REFUSED_TEXT"),
    ),
    memory_mib=1024,  # memory buys CPU, and a cold start must answer Discord within 3 s
    timeout_s=10,
    runs_at_most=100,  # 200 calls a second, each well under half a second
    is_traced=False,  # a trace begins with a cold start, which must answer within Discord's 3 s
    is_gradual=True,
)
DISPATCHER = Room(
    name="dispatcher",
    sources=(*_EVERY_ROOM, *_DELIVERY, *_PROVIDERS),
    variables=(
        *(*_DELIVERY_VARIABLES, *_PROVIDER_VARIABLES, "ATTACHMENT_ORIGINS"),
        *("TEXT_CHECK", "GUARDRAIL_ID", "GUARDRAIL_VERSION", "TEXT_CHECK_FAILURE"),
        "KEEP_REFUSED_TEXT",
    ),
    memory_mib=512,
    timeout_s=30,  # a lost run is tried again after six times this: within the token's 15 minutes
    runs_at_most=10,  # as many as its queue calls: with fewer, messages would become dead letters
    is_gradual=True,
)
FOLLOWUP = Room(
    name="followup",
    sources=(*_EVERY_ROOM, *_DELIVERY),
    variables=_DELIVERY_VARIABLES,
    memory_mib=512,  # holds all pictures of a message at once, and mostly waits (make bench)
    timeout_s=30,  # less than the lease of a delivery: who comes after it does not meet it
    runs_at_most=50,
    is_gradual=True,
)
WATCHDOG = Room(
    name="watchdog",
    sources=(*_EVERY_ROOM, *_DELIVERY, *_PROVIDERS),
    variables=(*_DELIVERY_VARIABLES, *_PROVIDER_VARIABLES, "PROMISE_SECONDS", "HEDGE_SHARE"),
    memory_mib=256,  # it is paid for while it waits, and it waits while a job is open
    timeout_s=120,  # it begins its last look 45 s after it began
    runs_at_most=2,  # one may still deliver when the next minute begins
)
DEAD_LETTERS = Room(
    name="dead_letters",
    sources=(*_EVERY_ROOM, *_DELIVERY),
    variables=_DELIVERY_VARIABLES,
    memory_mib=512,  # it may deliver pictures in followup's stead
    timeout_s=60,
    runs_at_most=5,
)
CANARY = Room(
    name="canary",
    sources=(*_EVERY_ROOM, *_RECIPES, "distillery/aws"),
    variables=("TABLE_NAME", "QUEUE_URL", "CANARY_PROVIDERS"),
    memory_mib=256,
    timeout_s=30,
    runs_at_most=1,
)
REGISTER_COMMANDS = Room(
    name="register_commands",
    sources=(*_EVERY_ROOM, *_RECIPES, "distillery/discord", "distillery/aws"),
    variables=(
        *("DISCORD_API_URL", "DISCORD_APPLICATION_ID", "BOT_TOKEN_SECRET_NAME"),
        "COMMAND_STYLE",
    ),
    memory_mib=256,
    timeout_s=60,
    runs_at_most=1,
)
TELL_ALARMS = Room(
    name="tell_alarms",
    sources=(*_EVERY_ROOM, "distillery/discord", "distillery/aws"),
    variables=("DISCORD_API_URL", "BOT_TOKEN_SECRET_NAME", "ALARM_CHANNEL"),
    memory_mib=256,
    timeout_s=30,
    runs_at_most=1,
)
ROOMS = (
    *(INTERACTIONS, DISPATCHER, FOLLOWUP, WATCHDOG, DEAD_LETTERS, CANARY),
    *(REGISTER_COMMANDS, TELL_ALARMS),
)
