"""Comprehend and Bedrock as AWS's own models of them describe the calls: botocore checks both."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.stub import ANY, Stubber

from distillery.aws.text_opinions import MOST_SEGMENTS, ComprehendOpinion, GuardrailOpinion
from distillery.core.errors import NoOpinion
from distillery.core.moderation.ports import Finding


def client(service: str) -> Any:
    return botocore.session.get_session().create_client(
        service,
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def test_comprehend_names_what_it_finds() -> None:
    comprehend = client("comprehend")
    with Stubber(comprehend) as stub:
        labels = [{"Name": "SEXUAL", "Score": 0.875}, {"Name": "INSULT", "Score": 0.25}]
        stub.add_response(
            "detect_toxic_content",
            {"ResultList": [{"Labels": labels, "Toxicity": 0.5}]},
            {"TextSegments": [{"Text": "a red fox"}], "LanguageCode": "en"},
        )
        found = ComprehendOpinion(comprehend).of_text("a red fox")
    assert found == [Finding("SEXUAL", 0.875), Finding("INSULT", 0.25)]


def test_a_long_text_is_read_to_its_end_in_parts_that_comprehend_takes() -> None:
    comprehend, asked = client("comprehend"), []

    def keep(params: Any, **_: Any) -> None:
        asked.append(params["TextSegments"])

    comprehend.meta.events.register("provide-client-params.comprehend.*", keep)
    text = "".join(f"word{number:05} " for number in range(600))
    with Stubber(comprehend) as stub:
        for _ in range(5):
            parameters = {"TextSegments": ANY, "LanguageCode": "en"}
            stub.add_response("detect_toxic_content", {"ResultList": []}, parameters)
        assert ComprehendOpinion(comprehend).of_text(text) == []
        stub.assert_no_pending_responses()
    segments = [segment["Text"] for call in asked for segment in call]
    assert max(len(call) for call in asked) <= MOST_SEGMENTS
    assert max(len(segment.encode()) for segment in segments) <= 1000
    assert all(any(word in segment for segment in segments) for word in text.split())


@pytest.mark.parametrize(
    ("action", "found"), [("NONE", []), ("GUARDRAIL_INTERVENED", [Finding("guardrail", 1.0)])]
)
def test_a_guardrail_intervenes_or_does_not(action: str, found: list[Finding]) -> None:
    bedrock = client("bedrock-runtime")
    with Stubber(bedrock) as stub:
        stub.add_response(
            "apply_guardrail",
            {"action": action, "outputs": [], "assessments": [], "usage": _no_use()},
            {
                "guardrailIdentifier": "g-1",
                "guardrailVersion": "DRAFT",
                "source": "INPUT",
                "content": [{"text": {"text": "a red fox"}}],
            },
        )
        assert GuardrailOpinion(bedrock, "g-1", "DRAFT").of_text("a red fox") == found


def test_an_answer_that_does_not_come_is_no_opinion() -> None:
    comprehend, bedrock = client("comprehend"), client("bedrock-runtime")
    with Stubber(comprehend) as stub:
        stub.add_client_error("detect_toxic_content", "ThrottlingException")
        with pytest.raises(NoOpinion, match="Comprehend"):
            ComprehendOpinion(comprehend).of_text("a red fox")
    with Stubber(bedrock) as stub:
        stub.add_client_error("apply_guardrail", "AccessDeniedException")
        with pytest.raises(NoOpinion, match="Bedrock"):
            GuardrailOpinion(bedrock, "g-1", "1").of_text("a red fox")


def _no_use() -> dict[str, int]:
    names = (
        *("topicPolicyUnits", "contentPolicyUnits", "wordPolicyUnits"),
        *("sensitiveInformationPolicyUnits", "sensitiveInformationPolicyFreeUnits"),
        "contextualGroundingPolicyUnits",
    )
    return dict.fromkeys(names, 0)
