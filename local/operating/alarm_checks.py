"""What `distillery doctor` looks at of the alarms: whether one rings, and who would be told."""

from __future__ import annotations

from local.operating.outside import Unwell
from local.operating.place import Place


def ringing(place: Place) -> str:
    """Which alarms ring."""
    names = place.resources("AWS::CloudWatch::Alarm")
    if not names:
        return "this deployment has none"
    found = place.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    if ringing := [alarm["AlarmName"] for alarm in found if alarm["StateValue"] == "ALARM"]:
        raise Unwell(f"{', '.join(ringing)}: docs/operations.md says what to do")
    return f"{len(found)} are quiet"


def email(place: Place) -> str:
    """AWS mails nobody who has not pressed the link in its first mail."""
    address, topic = place.settings.alarm_email, place.outputs["AlarmTopic"]
    pages = place.client("sns").get_paginator("list_subscriptions_by_topic")
    found = [
        subscription["SubscriptionArn"]
        for page in pages.paginate(TopicArn=topic)
        for subscription in page["Subscriptions"]
        if (subscription["Protocol"], subscription["Endpoint"]) == ("email", address)
    ]
    if not any(arn.startswith("arn:") for arn in found):
        raise Unwell(
            f"{address} has not confirmed, and is told nothing: press the link in AWS's mail; for "
            f"another mail, aws sns subscribe --topic-arn {topic} --protocol email "
            f"--notification-endpoint {address}"
        )
    return f"{address} has confirmed"


def channel(place: Place) -> str:
    """Whether the bot can tell of alarms where it is to."""
    bot = place.bot()
    found = bot.channel(place.settings.alarm_channel)
    name = f"#{found['name']}" if "name" in found else "direct messages"
    if not bot.may_write(found):
        raise Unwell(
            f"the bot sees {name} and may not write there: in Discord, {name}, Edit Channel, "
            "Permissions, allow the bot to send messages"
        )
    return f"the bot may write in {name}"
