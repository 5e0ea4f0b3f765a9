"""Instances come when jobs wait, and go when none do: from nothing, and back to nothing."""

from __future__ import annotations

import math

from aws_cdk import Duration
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk.aws_cloudwatch_actions import ApplicationScalingAction
from constructs import Construct

from infra.settings import Settings

_WAITING_EACH = 2
"""Jobs waiting for each instance, at which another one comes: one more would wait too long."""
_COMING = Duration.minutes(5)
"""How long an instance takes to come or to go; the next one is not asked for meanwhile."""
_MINUTE = Duration.minutes(1)


class GpuScaling(Construct):
    """Target tracking on the backlog of each instance, and a step from none to the first.

    Of an endpoint without instances SageMaker gives no backlog for each: the step reads the metric
    that it gives then. Target tracking would take an instance away after a quarter of an hour below
    its target, at work or not (AWS, "How target tracking scaling works"): a step of ours does that.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, variant: str
    ) -> None:
        super().__init__(scope, construct_id)
        self._endpoint = settings.sagemaker_endpoint_name
        target = scaling.ScalableTarget(
            self,
            "Target",
            service_namespace=scaling.ServiceNamespace.SAGEMAKER,
            scalable_dimension="sagemaker:variant:DesiredInstanceCount",
            resource_id=f"endpoint/{self._endpoint}/variant/{variant}",
            min_capacity=settings.gpu_min_instances,
            max_capacity=settings.gpu_max_instances,
        )
        target.scale_to_track_metric(
            "Backlog",
            custom_metric=self._metric("ApproximateBacklogSizePerInstance"),
            target_value=_WAITING_EACH,
            scale_out_cooldown=_COMING,
            disable_scale_in=True,
        )
        self._remove_idle(target, settings.gpu_idle_seconds)
        if settings.gpu_min_instances == 0:
            self._first_instance(target)

    def _first_instance(self, target: scaling.ScalableTarget) -> None:
        step = self._step(target, "FirstInstance")
        step.add_adjustment(adjustment=1, lower_bound=0)
        alarm = cloudwatch.Alarm(
            self,
            "JobsWithoutInstance",
            alarm_description="Jobs wait and no instance runs: one is started. Nobody need act.",
            metric=self._metric("HasBacklogWithoutCapacity"),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(ApplicationScalingAction(step))

    def _remove_idle(self, target: scaling.ScalableTarget, idle_s: int) -> None:
        """Take one instance away when for so long there was less than a job for each of them."""
        step = self._step(target, "OneInstanceLess")
        step.add_adjustment(adjustment=-1, upper_bound=0)
        alarm = cloudwatch.Alarm(
            self,
            "InstanceWithoutJob",
            alarm_description="An instance has nothing to do: one is removed. Nobody need act.",
            metric=self._metric("ApproximateBacklogSizePerInstance", cloudwatch.Stats.MAXIMUM),
            threshold=1,
            evaluation_periods=math.ceil(idle_s / _MINUTE.to_seconds()),
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(ApplicationScalingAction(step))

    def _step(self, target: scaling.ScalableTarget, name: str) -> scaling.StepScalingAction:
        return scaling.StepScalingAction(
            self,
            name,
            scaling_target=target,
            adjustment_type=scaling.AdjustmentType.CHANGE_IN_CAPACITY,
            cooldown=_COMING,
        )

    def _metric(self, name: str, statistic: str = cloudwatch.Stats.AVERAGE) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/SageMaker",
            metric_name=name,
            dimensions_map={"EndpointName": self._endpoint},
            statistic=statistic,
            period=_MINUTE,
        )
