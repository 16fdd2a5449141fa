"""How many tasks a slot that serves runs: as many as its load asks for, and a floor by the clock.

What a slot may do at all is cutover's: an idle one has everything suspended, floors included.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.outputs import SLOTS, Slot
from infra.settings import ServiceSettings

# Half of what saturates a task: room for a zone's tasks to move in with the others.
_CPU_TARGET_PERCENT = 50
_TARGET_TRACKING = "TargetTrackingScaling"
# Out at once, in slowly: what was too much for a minute comes back within five.
_SCALE_OUT_COOLDOWN_SECONDS = 60
_SCALE_IN_COOLDOWN_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class ScalingArgs:
    """Targets by resource id; the suffixes are the ends of the ARNs, as metrics name them."""

    settings: ServiceSettings
    scalable_targets: Mapping[Slot, pulumi.Input[str]]
    balancer_suffix: pulumi.Input[str]
    target_group_suffixes: Mapping[Slot, pulumi.Input[str]]


class Scaling(pulumi.ComponentResource):
    """For each slot: the larger of what CPU and requests ask for, and the floors of the stack file.

    With several target-tracking policies the largest count wins, and it scales in only when all of
    them agree (Application Auto Scaling user guide, target tracking).

    What a target has is put one after another: while an update of it is pending, another one ends
    with ConcurrentUpdateException (PutScalingPolicy and PutScheduledAction, API reference of
    Application Auto Scaling), and the provider does not try it again.
    """

    def __init__(
        self, name: str, args: ScalingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Scaling", name, None, opts)
        for slot in SLOTS:
            target = args.scalable_targets[slot]
            last: pulumi.Resource = self._follow(
                f"{name}-{slot}-cpu", target, "ECSServiceAverageCPUUtilization", _CPU_TARGET_PERCENT
            )
            last = self._follow(
                f"{name}-{slot}-requests",
                target,
                "ALBRequestCountPerTarget",
                args.settings.requests_per_minute_per_task,
                label=pulumi.Output.concat(
                    args.balancer_suffix, "/", args.target_group_suffixes[slot]
                ),
                after=last,
            )
            for number, floor in enumerate(args.settings.floors, start=1):
                last = aws.appautoscaling.ScheduledAction(
                    f"{name}-{slot}-floor-{number}",
                    service_namespace="ecs",
                    scalable_dimension="ecs:service:DesiredCount",
                    resource_id=target,
                    schedule=f"cron({floor.cron})",
                    timezone=floor.timezone,
                    scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                        min_capacity=floor.tasks
                    ),
                    opts=pulumi.ResourceOptions(parent=self, depends_on=last),
                )
        self.register_outputs({})

    def _follow(
        self,
        name: str,
        target: pulumi.Input[str],
        metric: str,
        value: float,
        *,
        label: pulumi.Input[str] | None = None,
        after: pulumi.Resource | None = None,
    ) -> pulumi.Resource:
        return aws.appautoscaling.Policy(
            name,
            policy_type=_TARGET_TRACKING,
            service_namespace="ecs",
            scalable_dimension="ecs:service:DesiredCount",
            resource_id=target,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                predefined_metric_specification=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type=metric, resource_label=label
                ),
                target_value=value,
                scale_out_cooldown=_SCALE_OUT_COOLDOWN_SECONDS,
                scale_in_cooldown=_SCALE_IN_COOLDOWN_SECONDS,
                disable_scale_in=False,
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
        )
