"""How a room that delivers pictures has them judged first, and what it must be told."""

from __future__ import annotations

import time
from dataclasses import dataclass

from distillery.aws import clients
from distillery.aws.moderation import DynamoModeration
from distillery.aws.picture_opinions import RekognitionOpinion
from distillery.core.moderation.picture_actions import PictureAction, parse_picture_actions
from distillery.core.moderation.review_pictures import ReviewPictures
from distillery.core.ports import Telemetry
from distillery.core.rules.rule import Level
from distillery.settings import level, one_of, setting, share

OFF = "off"


def _actions(text: str) -> str:
    parse_picture_actions(text)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureCheckSettings:
    """What it takes to judge pictures."""

    picture_check: str = setting(
        "who judges pictures before they are shown: `off` or `rekognition`",
        default=OFF,
        parse=one_of(OFF, "rekognition"),
    )
    picture_actions: str = setting(
        "what becomes of those that are unfit, as a JSON object", default="{}", parse=_actions
    )
    check_score: float = setting(
        "how sure a finding must be to count, up to 1", default=0.7, parse=share
    )
    rules_level: str = setting(
        "how strict the rules of content are in servers that chose nothing: `relaxed`, `standard` "
        "or `strict`",
        default="standard",
        parse=level,
    )
    message_rules_level: str = setting("the same in direct messages", default="strict", parse=level)

    @property
    def shows_previews(self) -> bool:
        """Whether previews are shown: nobody judges them."""
        actions = parse_picture_actions(self.picture_actions)
        return self.picture_check == OFF or actions.previews is PictureAction.SHOW


def review_pictures(
    settings: PictureCheckSettings, bucket: str, table: str, telemetry: Telemetry
) -> ReviewPictures | None:
    """Wire the check that the operator has chosen, if any."""
    if settings.picture_check == OFF:
        return None
    return ReviewPictures(
        opinion=RekognitionOpinion(clients.rekognition(), bucket, settings.check_score),
        moderation=DynamoModeration(clients.dynamodb(), table),
        telemetry=telemetry,
        clock=time.time,
        score=settings.check_score,
        actions=parse_picture_actions(settings.picture_actions),
        guild_level=Level.named(settings.rules_level),
        message_level=Level.named(settings.message_rules_level),
    )
