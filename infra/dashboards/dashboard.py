"""The one dashboard of a deployment, in four sections.

One, since CloudWatch gives three of at most 50 metrics to an account for nothing and takes $3 a
month for each further one: so a stage for trying out has room beside the one that members use.
"""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.dashboards.cost import cost
from infra.dashboards.discord import discord
from infra.dashboards.providers import providers
from infra.dashboards.service import service
from infra.dashboards.sources import Sources

SECTIONS = (service, providers, cost, discord)


class Dashboard(Construct):
    """Shows what `distillery/core/metrics.py` says is emitted."""

    def __init__(self, scope: Construct, construct_id: str, *, sources: Sources) -> None:
        super().__init__(scope, construct_id)
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=sources.namespace,
            default_interval=Duration.hours(12),
            widgets=[list(row) for section in SECTIONS for row in section(sources)],
        )
