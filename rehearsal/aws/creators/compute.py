"""The cluster, what runs in it, and the range in which it scales."""

import json
from typing import Any

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators.names import physical, present


def cluster(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    cluster_name = physical(name, inputs)
    arn = plane.client("ecs").create_cluster(clusterName=cluster_name)["cluster"]["clusterArn"]
    return {"id": arn, "arn": arn, "name": cluster_name}


def task_definition(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    made = plane.client("ecs").register_task_definition(
        family=inputs["family"],
        containerDefinitions=json.loads(inputs["containerDefinitions"]),
        **present(
            networkMode=inputs.get("networkMode"),
            requiresCompatibilities=inputs.get("requiresCompatibilities"),
            cpu=inputs.get("cpu"),
            memory=inputs.get("memory"),
            executionRoleArn=inputs.get("executionRoleArn"),
            taskRoleArn=inputs.get("taskRoleArn"),
            runtimePlatform=inputs.get("runtimePlatform"),
            volumes=[{"name": volume["name"]} for volume in inputs.get("volumes", [])],
        ),
    )["taskDefinition"]
    arn = made["taskDefinitionArn"]
    return {
        "id": inputs["family"],
        "arn": arn,
        "arnWithoutRevision": arn.rpartition(":")[0],
        "revision": made["revision"],
    }


def service(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    service_name = physical(name, inputs)
    network = inputs["networkConfiguration"]
    arn = plane.client("ecs").create_service(
        cluster=inputs["cluster"],
        serviceName=service_name,
        taskDefinition=inputs["taskDefinition"],
        desiredCount=inputs["desiredCount"],
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": network["subnets"],
                "securityGroups": network["securityGroups"],
                "assignPublicIp": "ENABLED" if network["assignPublicIp"] else "DISABLED",
            }
        },
        loadBalancers=[
            {
                "targetGroupArn": balancer["targetGroupArn"],
                "containerName": balancer["containerName"],
                "containerPort": balancer["containerPort"],
            }
            for balancer in inputs["loadBalancers"]
        ],
        **present(
            platformVersion=inputs.get("platformVersion"),
            healthCheckGracePeriodSeconds=inputs.get("healthCheckGracePeriodSeconds"),
        ),
    )["service"]["serviceArn"]
    return {"id": arn, "arn": arn, "name": service_name}


def scalable_target(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    suspended = inputs.get("suspendedState", {})
    plane.client("application-autoscaling").register_scalable_target(
        ServiceNamespace=inputs["serviceNamespace"],
        ResourceId=inputs["resourceId"],
        ScalableDimension=inputs["scalableDimension"],
        MinCapacity=inputs["minCapacity"],
        MaxCapacity=inputs["maxCapacity"],
        SuspendedState={
            "DynamicScalingInSuspended": suspended.get("dynamicScalingInSuspended", False),
            "DynamicScalingOutSuspended": suspended.get("dynamicScalingOutSuspended", False),
            "ScheduledScalingSuspended": suspended.get("scheduledScalingSuspended", False),
        },
    )
    return {"id": inputs["resourceId"]}


CREATORS = {
    "aws:ecs/cluster:Cluster": cluster,
    "aws:ecs/taskDefinition:TaskDefinition": task_definition,
    "aws:ecs/service:Service": service,
    "aws:appautoscaling/target:Target": scalable_target,
}
