"""The records of moderation as DynamoDB items, and back. What holds nothing is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from distillery.core.moderation.records import (
    AuditEntry,
    Decision,
    Done,
    GuildPolicy,
    MemberTerms,
    Standing,
)
from distillery.core.rules.rule import Level

Item = dict[str, Mapping[str, Any]]

DECISION, AUDIT = "DECISION#", "AUDIT#"
HASH_KEY: Item = {"pk": {"S": "MODERATION"}, "sk": {"S": "HASH_KEY"}}
DECISION_LIFE_S = 90 * 24 * 3600
"""DynamoDB deletes the record some time after this (time to live)."""
AUDIT_LIFE_S = 365 * 24 * 3600
STANDING_LIFE_S = 30 * 24 * 3600
"""So long after its last penalty a standing is forgotten."""
_NO_GUILD = "NONE"


def guild_of(guild_id: str | None) -> str:
    """Return the partition of a guild; all messages with us share one."""
    return f"GUILD#{guild_id or _NO_GUILD}"


def policy_key(guild_id: str) -> Item:
    """Return the key of a guild's policy."""
    return _key(guild_of(guild_id), "POLICY")


def terms_key(guild_id: str, user_id: str) -> Item:
    """Return the key of a member's terms in a guild."""
    return _key(guild_of(guild_id), f"MEMBER#{user_id}")


def standing_key(user_id: str) -> Item:
    """Return the key of a member's standing."""
    return _key(f"MEMBER#{user_id}", "STANDING")


def policy_item(guild_id: str, policy: GuildPolicy) -> Item:
    """Encode a policy."""
    item = policy_key(guild_id) | {"revision": _number(policy.revision)}
    if policy.level is not None:
        item["level_name"] = {"S": policy.level.name.lower()}
    if policy.words:
        item["unwanted"] = {"SS": sorted(policy.words)}
    if policy.closed_channels:
        item["closed_channels"] = {"SS": sorted(policy.closed_channels)}
    return item | _optional("jobs_at_once", policy.jobs_at_once)


def policy_from(item: Mapping[str, Any]) -> GuildPolicy:
    """Decode a policy; an empty item is that of a guild that has settled nothing."""
    return GuildPolicy(
        level=Level.named(item["level_name"]["S"]) if "level_name" in item else None,
        words=frozenset(item["unwanted"]["SS"] if "unwanted" in item else ()),
        closed_channels=frozenset(
            item["closed_channels"]["SS"] if "closed_channels" in item else ()
        ),
        jobs_at_once=_whole(item, "jobs_at_once"),
        revision=_whole(item, "revision") or 0,
    )


def terms_item(guild_id: str, user_id: str, terms: MemberTerms) -> Item:
    """Encode a member's terms."""
    item = terms_key(guild_id, user_id) | {"revision": _number(terms.revision)}
    item["banned"] = {"BOOL": terms.banned}
    if terms.banned_until is not None:
        item["banned_until"] = _number(terms.banned_until)
    return item | _optional("jobs_at_once", terms.jobs_at_once)


def terms_from(item: Mapping[str, Any]) -> MemberTerms:
    """Decode a member's terms."""
    return MemberTerms(
        banned="banned" in item and bool(item["banned"]["BOOL"]),
        banned_until=float(item["banned_until"]["N"]) if "banned_until" in item else None,
        jobs_at_once=_whole(item, "jobs_at_once"),
        revision=_whole(item, "revision") or 0,
    )


def standing_item(user_id: str, standing: Standing) -> Item:
    """Encode a standing. The table forgets it once it matters no more."""
    last = max(standing.until, standing.since)
    item = standing_key(user_id) | {
        "refusals": _number(standing.refusals),
        "since": _number(standing.since),
        "until_at": _number(standing.until),
        "revision": _number(standing.revision),
        "expires_at": _number(int(last) + STANDING_LIFE_S),
    }
    if standing.penalty:
        item["penalty"] = {"S": standing.penalty}
    return item


def standing_from(item: Mapping[str, Any]) -> Standing:
    """Decode a standing."""
    if not item:
        return Standing()
    return Standing(
        refusals=int(item["refusals"]["N"]),
        since=float(item["since"]["N"]),
        penalty=item["penalty"]["S"] if "penalty" in item else "",
        until=float(item["until_at"]["N"]),
        revision=int(item["revision"]["N"]),
    )


def decision_item(decision: Decision) -> Item:
    """Encode a decision."""
    texts = {
        "decision_id": decision.decision_id,
        "user": decision.user_id,
        "decided": decision.action,
        "rule_id": decision.rule_id,
        "rules_version": decision.rules_version,
        "text_hash": decision.text_hash,
    }
    if decision.guild_id is not None:
        texts["guild_id"] = decision.guild_id
    if decision.text is not None:
        texts["plain_text"] = decision.text
    return {
        **_key(guild_of(decision.guild_id), DECISION + _in_order(decision.decision_id)),
        **{name: {"S": text} for name, text in texts.items()},
        "at": _number(decision.at),
        "expires_at": _number(int(decision.at) + DECISION_LIFE_S),
    }


def decision_from(item: Mapping[str, Any]) -> Decision:
    """Decode a decision."""
    return Decision(
        decision_id=item["decision_id"]["S"],
        at=float(item["at"]["N"]),
        user_id=item["user"]["S"],
        guild_id=item["guild_id"]["S"] if "guild_id" in item else None,
        action=item["decided"]["S"],
        rule_id=item["rule_id"]["S"],
        rules_version=item["rules_version"]["S"],
        text_hash=item["text_hash"]["S"],
        text=item["plain_text"]["S"] if "plain_text" in item else None,
    )


def entry_item(entry: AuditEntry) -> Item:
    """Encode an entry of the audit log."""
    return {
        **_key(guild_of(entry.guild_id), AUDIT + _in_order(entry.entry_id)),
        "entry_id": {"S": entry.entry_id},
        "guild_id": {"S": entry.guild_id},
        "moderator": {"S": entry.moderator_id},
        "done": {"S": str(entry.done)},
        "done_text": {"S": entry.done.text},
        "done_values": {"M": {name: {"S": value} for name, value in entry.done.values.items()}},
        "reason": {"S": entry.reason},
        "at": _number(entry.at),
        "expires_at": _number(int(entry.at) + AUDIT_LIFE_S),
    }


def entry_from(item: Mapping[str, Any]) -> AuditEntry:
    """Decode an entry of the audit log."""
    return AuditEntry(
        entry_id=item["entry_id"]["S"],
        at=float(item["at"]["N"]),
        guild_id=item["guild_id"]["S"],
        moderator_id=item["moderator"]["S"],
        done=_done(item),
        reason=item["reason"]["S"],
    )


def _done(item: Mapping[str, Any]) -> Done:
    if "done_text" not in item:  # Forms 1 to 3 have it in English alone.
        return Done(item["done"]["S"])
    values = item["done_values"]["M"]
    return Done(item["done_text"]["S"], {name: value["S"] for name, value in values.items()})


def _key(partition: str, sort: str) -> Item:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def _in_order(snowflake: str) -> str:
    """Write an id so that it sorts as text as it does as a number."""
    return snowflake.zfill(20)


def _number(value: float) -> Mapping[str, Any]:
    return {"N": repr(value)}


def _optional(name: str, value: int | None) -> Item:
    return {} if value is None else {name: _number(value)}


def _whole(item: Mapping[str, Any], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None
