"""The five questions that operators ask, saved in Logs Insights. A saved query costs nothing."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_logs as logs
from constructs import Construct

QUERIES: Mapping[str, str] = {
    "What happened to one job": (
        'fields @timestamp, service, level, message | filter job_id = "PUT THE JOB ID HERE"'
        " | sort @timestamp asc | limit 200"
    ),
    "Why did requests fail": (
        "filter ispresent(JobsFailed) | stats count(*) as failed by reason, provider"
        " | sort failed desc"
    ),
    "What did members get wrong": (
        "filter ispresent(JobsRefused) | stats count(*) as refused by kind | sort refused desc"
    ),
    "Which errors are there": (
        'filter level = "ERROR" or level = "CRITICAL"'
        " | stats count(*) as times, latest(@timestamp) as last by service, message"
        " | sort times desc | limit 50"
    ),
    "What was slow": (
        "filter ispresent(TimeToAnswer) | stats count(*) as answers, pct(TimeToAnswer, 50) as p50,"
        " pct(TimeToAnswer, 95) as p95, max(TimeToAnswer) as slowest by bin(1h)"
    ),
}


class LogQueries(Construct):
    """Finds the questions under the deployment's name in the console of Logs Insights."""

    def __init__(
        self, scope: Construct, construct_id: str, *, namespace: str, log_groups: Mapping[str, str]
    ) -> None:
        super().__init__(scope, construct_id)
        for name, text in QUERIES.items():
            logs.CfnQueryDefinition(
                self,
                "".join(word.capitalize() for word in name.split()),
                name=f"{namespace}/{name}",
                query_string=text,
                log_group_names=list(log_groups.values()),
            )
