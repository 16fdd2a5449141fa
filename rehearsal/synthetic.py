"""What providers would compute, made up: unmistakable names instead of ids, a shape that fits."""

import importlib
import keyword
from collections.abc import Callable
from functools import cache
from typing import Any

from pulumi import _types

ACCOUNT = "123456789012"
REGION = "eu-west-1"
# Region and account in the ARNs of services that are everywhere, or whose names are nobody else's
# (Service Authorization Reference, "Resource types defined by" each of them).
_PLACES = {"cloudfront": ("", ACCOUNT), "iam": ("", ACCOUNT), "s3": ("", "")}

Outputs = Callable[[str, str, dict[str, Any]], dict[str, Any]]
"""(type, name, inputs) -> the outputs a provider would compute; `id` among them."""


def synthetic_outputs(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """An id, an ARN and, for each text that a provider always computes, `<name>.<property>`."""
    texts = {key: f"{name}.{key}" for key in _computed_texts(type_) if key not in inputs}
    if "region" in texts:
        texts["region"] = REGION
    if "arn" in texts:
        service, _, kind = type_.split(":")[1].partition("/")
        region, account = _PLACES.get(service, (REGION, ACCOUNT))
        texts["arn"] = f"arn:aws:{service}:{region}:{account}:{kind}/{name}"
    return {
        "id": f"{name}-id",
        **texts,
        **_COMPUTED.get(type_, lambda _name, _inputs: {})(name, inputs),
    }


# What providers compute beyond texts, where a component reads it.
_COMPUTED: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "aws:acm/certificate:Certificate": lambda _, inputs: {
        "domainValidationOptions": [
            {
                "domainName": inputs["domainName"],
                "resourceRecordName": f"_validation.{inputs['domainName']}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_value.acm-validations.aws.",
            }
        ]
    },
    # Alone of CloudWatch's ARNs it has a colon before the name.
    **dict.fromkeys(
        ("aws:cloudwatch/compositeAlarm:CompositeAlarm", "aws:cloudwatch/metricAlarm:MetricAlarm"),
        lambda name, _: {"arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"},
    ),
    "aws:rds/instance:Instance": lambda name, inputs: {
        "masterUserSecrets": [
            {
                "secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rds!{name}",
                "secretStatus": "active",
            }
        ]
        if inputs.get("manageMasterUserPassword")
        else [],
    },
    "aws:serverlessrepository/cloudFormationStack:CloudFormationStack": lambda name, _: {
        "outputs": {"RotationLambdaARN": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"}
    },
}
INVOKES = {"aws:ec2/getManagedPrefixList:getManagedPrefixList": {"id": "pl-4fa04526"}}


@cache
def _computed_texts(type_: str) -> tuple[str, ...]:
    """The outputs of a resource class that are declared as a plain, never absent text."""
    properties = declared(type_).items()
    return tuple(sorted(key for key, kind in properties if kind is str and key != "id"))


@cache
def declared(type_: str) -> dict[str, Any]:
    """The properties of a resource class and their types; empty for what is not of a provider."""
    package, _, rest = type_.partition(":")
    if package not in ("aws", "random"):
        return {}
    module, class_ = rest.split("/")[0], type_.rsplit(":", 1)[1]
    module += "_" * keyword.iskeyword(module)  # aws.lambda_, as the SDK spells it
    path = f"pulumi_{package}" + ("" if module == "index" else f".{module}")
    return _types.resource_types(getattr(importlib.import_module(path), class_))
