"""What an operator decides about content: rules, and who else is asked."""

from __future__ import annotations

from dataclasses import dataclass

from infra.option import Json, option

_LEVELS = ("relaxed", "standard", "strict")
_NOTHING = Json("{}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentSettings:
    """The part of a deployment's settings that is about content."""

    rules_level: str = option(
        "how strict the rules of content are in servers that chose nothing: `relaxed`, `standard` "
        "or `strict`; see [Content rules](content-rules.md)",
        "standard",
    )
    message_rules_level: str = option("the same in direct messages", "strict")
    penalties: Json = option(  # noqa: RUF009 - a text
        "what repeated refusals lead to; what it leaves out is as in "
        "[Content rules](content-rules.md#repeated-refusals)",
        _NOTHING,
    )
    keep_refused_text: bool = option(
        "whether the record of a refused or changed request holds its text; else a keyed hash "
        "alone",
        False,
    )
    text_check: str = option(
        "who gives a second opinion on words: `off`, `comprehend` or `bedrock`", "off"
    )
    guardrail_id: str = option("the id of the guardrail that `bedrock` asks", "")
    guardrail_version: str = option("its version", "DRAFT")
    picture_check: str = option(
        "who judges pictures before they are shown: `off` or `rekognition`; see "
        "[Pictures](content-rules.md#pictures)",
        "off",
    )
    picture_actions: Json = option(  # noqa: RUF009 - a text
        "what becomes of those that are unfit; what it leaves out is as in "
        "[Pictures](content-rules.md#pictures)",
        _NOTHING,
    )
    rekognition_url: str = option("where Rekognition answers; empty: at AWS", "")
    check_score: float = option("how sure a finding must be to count, up to 1", 0.7)
    text_check_failure: str = option(
        "what follows when there is no opinion: `closed` refuses, `open` goes on", "closed"
    )

    def content_checks(self) -> dict[str, tuple[bool, str]]:
        """Say of each setting whether it can work, and what would."""
        needs_id = self.text_check == "bedrock"
        return {
            **{
                name: (getattr(self, name) in _LEVELS, f"must be one of {', '.join(_LEVELS)}")
                for name in ("rules_level", "message_rules_level")
            },
            "text_check": (
                self.text_check in ("off", "comprehend", "bedrock"),
                "must be off, comprehend or bedrock",
            ),
            "guardrail_id": (
                bool(self.guardrail_id) or not needs_id,
                "is missing; Bedrock's console shows it",
            ),
            "picture_check": (
                self.picture_check in ("off", "rekognition"),
                "must be off or rekognition",
            ),
            "check_score": (0 < self.check_score <= 1, "must be greater than 0 and at most 1"),
            "text_check_failure": (
                self.text_check_failure in ("closed", "open"),
                "must be closed or open",
            ),
        }
