"""Second opinions on text: Amazon Comprehend's toxicity detection, or a guardrail of Bedrock.

Sources: Amazon Comprehend, "DetectToxicContent" (English; at most 10 segments of 1 KB each); Amazon
Bedrock, "ApplyGuardrail".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from distillery.core.errors import NoOpinion
from distillery.core.moderation.ports import Finding

MOST_SEGMENTS = 10
SEGMENT_CHARACTERS = 250
"""A character has 4 bytes at most, and a segment 1 KB."""


class ComprehendOpinion:
    """Implements `TextOpinion` with Amazon Comprehend."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def of_text(self, text: str) -> Sequence[Finding]:
        """Return every label of every part of the text; raises NoOpinion."""
        parts = [{"Text": part} for part in _parts(text)]
        findings: list[Finding] = []
        for start in range(0, len(parts), MOST_SEGMENTS):
            try:
                answer = self._client.detect_toxic_content(
                    TextSegments=parts[start : start + MOST_SEGMENTS], LanguageCode="en"
                )
            except (BotoCoreError, ClientError) as error:
                raise NoOpinion(f"Comprehend: {type(error).__name__}") from error
            findings += [
                Finding(str(label["Name"]), float(label["Score"]))
                for result in answer["ResultList"]
                for label in result.get("Labels", [])
            ]
        return findings


class GuardrailOpinion:
    """Implements `TextOpinion` with a guardrail that the operator has made in Bedrock."""

    def __init__(self, client: Any, guardrail_id: str, version: str) -> None:
        self._client = client
        self._guardrail_id = guardrail_id
        self._version = version

    def of_text(self, text: str) -> Sequence[Finding]:
        """Return that the guardrail would intervene, or nothing; raises NoOpinion."""
        try:
            answer = self._client.apply_guardrail(
                guardrailIdentifier=self._guardrail_id,
                guardrailVersion=self._version,
                source="INPUT",
                content=[{"text": {"text": text}}],
            )
        except (BotoCoreError, ClientError) as error:
            raise NoOpinion(f"Bedrock: {type(error).__name__}") from error
        return [Finding("guardrail", 1.0)] if answer["action"] == "GUARDRAIL_INTERVENED" else []


def _parts(text: str) -> Iterator[str]:
    """Cut a text into segments that overlap by half, so that no phrase is cut in two."""
    step = SEGMENT_CHARACTERS // 2
    for start in range(0, max(len(text) - step, 1), step):
        if part := text[start : start + SEGMENT_CHARACTERS].strip():
            yield part
