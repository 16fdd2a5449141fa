"""The network that balancer and tasks are attached to."""

from typing import Any

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators.names import physical, present


def vpc(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    ec2 = plane.client("ec2")
    made = ec2.create_vpc(CidrBlock=inputs["cidrBlock"])["Vpc"]
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        argument = attribute[0].upper() + attribute[1:]
        ec2.modify_vpc_attribute(VpcId=made["VpcId"], **{argument: {"Value": inputs[attribute]}})
    return {"id": made["VpcId"], "arn": _arn(plane, "vpc", made["VpcId"])}


def subnet(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    made = plane.client("ec2").create_subnet(
        VpcId=inputs["vpcId"],
        CidrBlock=inputs["cidrBlock"],
        AvailabilityZone=inputs["availabilityZone"],
    )["Subnet"]
    return {"id": made["SubnetId"], "arn": made["SubnetArn"]}


def security_group(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    group_name = physical(name, inputs)
    made = plane.client("ec2").create_security_group(
        GroupName=group_name,
        Description=inputs.get("description") or "Managed by Pulumi",
        VpcId=inputs["vpcId"],
    )
    arn = _arn(plane, "security-group", made["GroupId"])
    return {"id": made["GroupId"], "arn": arn, "name": group_name}


def ingress_rule(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    made = plane.client("ec2").authorize_security_group_ingress(
        GroupId=inputs["securityGroupId"], IpPermissions=[_permission(inputs)]
    )
    return _rule(made)


def egress_rule(plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    made = plane.client("ec2").authorize_security_group_egress(
        GroupId=inputs["securityGroupId"], IpPermissions=[_permission(inputs)]
    )
    return _rule(made)


def _permission(inputs: dict[str, Any]) -> dict[str, Any]:
    permission = present(
        IpProtocol=str(inputs["ipProtocol"]),
        FromPort=inputs.get("fromPort"),
        ToPort=inputs.get("toPort"),
    )
    if cidr := inputs.get("cidrIpv4"):
        permission["IpRanges"] = [{"CidrIp": cidr}]
    if group := inputs.get("referencedSecurityGroupId"):
        permission["UserIdGroupPairs"] = [{"GroupId": group}]
    if prefix_list := inputs.get("prefixListId"):
        permission["PrefixListIds"] = [{"PrefixListId": prefix_list}]
    return permission


def _rule(made: dict[str, Any]) -> dict[str, Any]:
    rule_id = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return {"id": rule_id, "securityGroupRuleId": rule_id}


def _arn(plane: ControlPlane, kind: str, id_: str) -> str:
    return f"arn:aws:ec2:{plane.region}:{plane.account_id}:{kind}/{id_}"


CREATORS = {
    "aws:ec2/vpc:Vpc": vpc,
    "aws:ec2/subnet:Subnet": subnet,
    "aws:ec2/securityGroup:SecurityGroup": security_group,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ingress_rule,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": egress_rule,
}
