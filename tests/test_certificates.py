"""Two certificates for one name, validated by one record.

Mocks prove what is asked of AWS, not that AWS accepts it.
"""

import pulumi
import pytest

from infra.certificates import Certificates, CertificatesArgs
from infra.settings import DomainSettings
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"


def program() -> None:
    domain = DomainSettings(name="staging.example.com", zone_id="Z0123456789ABCDEFGHIJ")
    certificates = Certificates("staging", CertificatesArgs(domain=domain))
    pulumi.export("edge", certificates.edge_arn)
    pulumi.export("regional", certificates.regional_arn)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(program, stack="staging")


def test_the_component_owns_five_resources(recording):
    assert len([r for r in recording.resources if r.custom]) == 5
    assert {r.parent.type for r in recording.resources if r.custom} == {
        "slipway:infra:Certificates"
    }


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("staging-edge-certificate", {"region": "us-east-1"}),
        ("staging-regional-certificate", {}),
    ],
)
def test_both_ends_get_the_same_kind_of_certificate(recording, name, region):
    assert recording.only(CERTIFICATE, name).inputs == {
        "domainName": "staging.example.com",
        "validationMethod": "DNS",
        "keyAlgorithm": "RSA_2048",
        "options": {"certificateTransparencyLoggingPreference": "ENABLED"},
        **region,
    }


def test_one_record_proves_the_name_and_takes_over_no_other(recording):
    assert recording.only("aws:route53/record:Record").inputs == {
        "zoneId": "Z0123456789ABCDEFGHIJ",
        "name": "_validation.staging.example.com.",
        "type": "CNAME",
        "records": ["_value.acm-validations.aws."],
        "ttl": 300,
        "allowOverwrite": False,
    }


def test_each_certificate_is_validated_in_its_own_region(recording):
    arn = "arn:aws:acm:eu-west-1:123456789012:certificate"
    proof = {"validationRecordFqdns": ["staging-certificate-proof.fqdn"]}
    assert recording.only(VALIDATION, "staging-edge-validation").inputs == {
        "region": "us-east-1",
        "certificateArn": f"{arn}/staging-edge-certificate",
        **proof,
    }
    assert recording.only(VALIDATION, "staging-regional-validation").inputs == {
        "certificateArn": f"{arn}/staging-regional-certificate",
        **proof,
    }


def test_who_uses_a_certificate_gets_the_validated_one():
    """The validations answer with ARNs of their own here, so that a shortcut would show."""

    def outputs(type_: str, name: str, _inputs: dict) -> dict:
        option = {"resourceRecordName": "n", "resourceRecordType": "CNAME"}
        known = {
            CERTIFICATE: {
                "arn": "unvalidated",
                "domainValidationOptions": [{**option, "resourceRecordValue": "v"}],
            },
            VALIDATION: {"certificateArn": f"validated by {name}"},
        }
        return {"id": f"{name}-id", **known.get(type_, {"fqdn": "f"})}

    assert record(program, stack="staging", outputs=outputs).exports == {
        "edge": "validated by staging-edge-validation",
        "regional": "validated by staging-regional-validation",
    }


def test_the_first_preview_survives_a_record_that_is_not_known_yet():
    preview = record(program, stack="staging", preview=True)
    assert len(preview.every(VALIDATION)) == 2


@pytest.mark.parametrize("stack", STACKS)
def test_the_name_and_its_zone_are_those_of_the_stack_file(stack: str):
    domain = chosen(stack).domain
    certificates = recorded(stack).every(CERTIFICATE)
    assert [each.inputs["domainName"] for each in certificates] == [domain.name] * 2
    proof = recorded(stack).only("aws:route53/record:Record", f"{stack}-certificate-proof")
    assert proof.inputs["zoneId"] == domain.zone_id
