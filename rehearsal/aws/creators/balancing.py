"""The load balancer, its certificate, listener, rules and target groups."""

from typing import Any

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators.names import physical, present, tags, text
from rehearsal.errors import RehearsalError

_BALANCER_ATTRIBUTES = {
    "idleTimeout": "idle_timeout.timeout_seconds",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
_GROUP_ATTRIBUTES = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "slowStart": "slow_start.duration_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
}


def certificate(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    acm = plane.client("acm", inputs.get("region"))
    arn = acm.request_certificate(
        DomainName=inputs["domainName"], ValidationMethod=inputs["validationMethod"]
    )["CertificateArn"]
    return {"id": arn, "arn": arn}


def load_balancer(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    elbv2 = plane.client("elbv2")
    balancer_name = physical(name, inputs)
    made = elbv2.create_load_balancer(
        Name=balancer_name,
        Subnets=inputs["subnets"],
        SecurityGroups=inputs["securityGroups"],
        Scheme="internal" if inputs["internal"] else "internet-facing",
        Type=inputs["loadBalancerType"],
        IpAddressType=inputs["ipAddressType"],
        **tags(inputs),
    )["LoadBalancers"][0]
    arn = made["LoadBalancerArn"]
    elbv2.modify_load_balancer_attributes(
        LoadBalancerArn=arn, Attributes=_attributes(inputs, _BALANCER_ATTRIBUTES)
    )
    return {
        "id": arn,
        "arn": arn,
        "name": balancer_name,
        "arnSuffix": arn.partition(":loadbalancer/")[2],
        "dnsName": made["DNSName"],
        "zoneId": made["CanonicalHostedZoneId"],
        "vpcId": made["VpcId"],
    }


def target_group(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    elbv2 = plane.client("elbv2")
    group_name = physical(name, inputs)
    check = inputs["healthCheck"]
    arn = elbv2.create_target_group(
        Name=group_name,
        Protocol=inputs["protocol"],
        Port=inputs["port"],
        VpcId=inputs["vpcId"],
        TargetType=inputs["targetType"],
        HealthCheckProtocol=check["protocol"],
        HealthCheckPath=check["path"],
        HealthCheckIntervalSeconds=check["interval"],
        HealthCheckTimeoutSeconds=check["timeout"],
        HealthyThresholdCount=check["healthyThreshold"],
        UnhealthyThresholdCount=check["unhealthyThreshold"],
        Matcher={"HttpCode": check["matcher"]},
        **tags(inputs),
    )["TargetGroups"][0]["TargetGroupArn"]
    stickiness = inputs.get("stickiness", {})
    elbv2.modify_target_group_attributes(
        TargetGroupArn=arn,
        Attributes=[
            *_attributes(inputs, _GROUP_ATTRIBUTES),
            *_attributes(stickiness, {"enabled": "stickiness.enabled", "type": "stickiness.type"}),
        ],
    )
    return {
        "id": arn,
        "arn": arn,
        "name": group_name,
        "arnSuffix": arn.rsplit(":", 1)[1],
    }


def listener(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    arn = plane.client("elbv2").create_listener(
        LoadBalancerArn=inputs["loadBalancerArn"],
        Protocol=inputs["protocol"],
        Port=inputs["port"],
        DefaultActions=[_action(action) for action in inputs["defaultActions"]],
        **present(
            SslPolicy=inputs.get("sslPolicy"),
            Certificates=[{"CertificateArn": inputs["certificateArn"]}],
        ),
        **tags(inputs),
    )["Listeners"][0]["ListenerArn"]
    return {"id": arn, "arn": arn}


def listener_rule(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    arn = plane.client("elbv2").create_rule(
        ListenerArn=inputs["listenerArn"],
        Priority=inputs["priority"],
        Conditions=[_condition(condition) for condition in inputs["conditions"]],
        Actions=[_action(action) for action in inputs["actions"]],
        **tags(inputs),
    )["Rules"][0]["RuleArn"]
    return {"id": arn, "arn": arn}


def _condition(condition: dict[str, Any]) -> dict[str, Any]:
    match condition:
        case {"pathPattern": {"values": values}}:
            return {"Field": "path-pattern", "PathPatternConfig": {"Values": values}}
        case {"hostHeader": {"values": values}}:
            return {"Field": "host-header", "HostHeaderConfig": {"Values": values}}
        case {"httpHeader": {"httpHeaderName": header, "values": values}}:
            config = {"HttpHeaderName": header, "Values": values}
            return {"Field": "http-header", "HttpHeaderConfig": config}
    raise RehearsalError(f"the rehearsal can't create a rule's condition on {', '.join(condition)}")


def _action(action: dict[str, Any]) -> dict[str, Any]:
    match action:
        case {"type": "forward", "forward": {"targetGroups": groups, **options}}:
            forward: dict[str, Any] = {
                "TargetGroups": [
                    {"TargetGroupArn": group["arn"], "Weight": group["weight"]} for group in groups
                ]
            }
            if stickiness := options.get("stickiness"):
                forward["TargetGroupStickinessConfig"] = {
                    "Enabled": stickiness["enabled"],
                    "DurationSeconds": stickiness["duration"],
                }
            return {"Type": "forward", "ForwardConfig": forward}
        case {"type": "forward", "targetGroupArn": arn}:
            return {"Type": "forward", "TargetGroupArn": arn}
        case {"type": "fixed-response", "fixedResponse": response}:
            config = present(
                StatusCode=response["statusCode"],
                ContentType=response.get("contentType"),
                MessageBody=response.get("messageBody"),
            )
            return {"Type": "fixed-response", "FixedResponseConfig": config}
    raise RehearsalError(f"the rehearsal can't create an action of type {action.get('type')}")


def _attributes(inputs: dict[str, Any], keys: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"Key": attribute, "Value": text(inputs[key])}
        for key, attribute in keys.items()
        if inputs.get(key) is not None
    ]


CREATORS = {
    "aws:acm/certificate:Certificate": certificate,
    "aws:lb/loadBalancer:LoadBalancer": load_balancer,
    "aws:lb/targetGroup:TargetGroup": target_group,
    "aws:lb/listener:Listener": listener,
    "aws:lb/listenerRule:ListenerRule": listener_rule,
}
