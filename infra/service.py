"""The cluster and its two slots, which stand empty until a cutover fills one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.firewall import NGINX_PORT
from infra.outputs import SLOTS, Slot
from infra.settings import ServiceSettings

# Written out, so that the day AWS makes 1.5.0 the latest restarts nothing.
_PLATFORM_VERSION = "1.4.0"


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    settings: ServiceSettings
    blueprint_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    target_group_arns: Mapping[Slot, pulumi.Input[str]]
    routed_by: Sequence[pulumi.Resource]


class Service(pulumi.ComponentResource):
    """One ECS service and one scalable target per slot, created at 0 tasks and suspended.

    `routed_by` are the rules that must forward to both target groups first: ECS refuses a service
    whose target group has no load balancer.
    """

    cluster_arn: pulumi.Output[str]
    """The cluster."""
    cluster_name: pulumi.Output[str]
    """Its name, which is a dimension of its metrics."""
    service_names: dict[Slot, pulumi.Output[str]]
    """The name of each slot's service, likewise."""
    service_arns: dict[Slot, pulumi.Output[str]]
    """The ECS service of each slot."""
    scalable_targets: dict[Slot, pulumi.Output[str]]
    """Application Auto Scaling's resource id of each slot: service/<cluster>/<service>."""

    def __init__(
        self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Service", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        cluster = aws.ecs.Cluster(
            f"{name}-cluster",
            settings=[aws.ecs.ClusterSettingArgs(name="containerInsights", value="enhanced")],
            opts=child,
        )
        self.cluster_arn, self.cluster_name = cluster.arn, cluster.name
        self.service_arns, self.service_names, self.scalable_targets = {}, {}, {}
        for slot in SLOTS:
            service = aws.ecs.Service(
                f"{name}-{slot}",
                cluster=cluster.arn,
                task_definition=args.blueprint_arn,
                desired_count=0,
                launch_type="FARGATE",
                platform_version=_PLATFORM_VERSION,
                scheduling_strategy="REPLICA",
                deployment_controller=aws.ecs.ServiceDeploymentControllerArgs(type="ECS"),
                deployment_minimum_healthy_percent=100,
                deployment_maximum_percent=200,
                # It stops a bad deployment, but never goes back to "the last completed revision",
                # which may be an older release: going back is cutover's decision.
                deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(
                    enable=True, rollback=False
                ),
                availability_zone_rebalancing="DISABLED",
                health_check_grace_period_seconds=60,
                enable_execute_command=False,
                enable_ecs_managed_tags=True,
                propagate_tags="SERVICE",
                wait_for_steady_state=False,
                network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
                    assign_public_ip=False,
                    subnets=list(args.subnet_ids),
                    security_groups=[args.security_group_id],
                ),
                load_balancers=[
                    aws.ecs.ServiceLoadBalancerArgs(
                        target_group_arn=args.target_group_arns[slot],
                        container_name="nginx",
                        container_port=NGINX_PORT,
                    )
                ],
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=list(args.routed_by),
                    ignore_changes=[
                        "task_definition",  # cutover decides what runs in a slot
                        "desired_count",  # cutover and autoscaling own it
                    ],
                ),
            )
            target = aws.appautoscaling.Target(
                f"{name}-{slot}",
                service_namespace="ecs",
                scalable_dimension="ecs:service:DesiredCount",
                resource_id=pulumi.Output.concat("service/", cluster.name, "/", service.name),
                # Registering pulls the desired count into this range: a floor would start a slot
                # that has no image.
                min_capacity=0,
                max_capacity=args.settings.max_tasks,
                suspended_state=aws.appautoscaling.TargetSuspendedStateArgs(
                    dynamic_scaling_in_suspended=True,
                    dynamic_scaling_out_suspended=True,
                    scheduled_scaling_suspended=True,
                ),
                opts=pulumi.ResourceOptions(
                    parent=self,
                    ignore_changes=["min_capacity", "suspended_state"],  # cutover owns both
                ),
            )
            self.service_arns[slot], self.service_names[slot] = service.arn, service.name
            self.scalable_targets[slot] = target.resource_id
        self.register_outputs({"cluster_arn": self.cluster_arn})
