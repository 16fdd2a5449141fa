"""CloudFront and the balancer hold validated certificates for the public name: one DNS record."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws.acm.outputs import CertificateDomainValidationOption

from infra.settings import DomainSettings


@dataclass(frozen=True, kw_only=True)
class CertificatesArgs:
    domain: DomainSettings


class Certificates(pulumi.ComponentResource):
    """One certificate for CloudFront in us-east-1, one for the load balancer in its own region.

    ACM gives every certificate of one account for one name the same validation record.
    """

    edge_arn: pulumi.Output[str]
    """ARN of CloudFront's certificate; known once it is validated."""
    regional_arn: pulumi.Output[str]
    """ARN of the load balancer's certificate; known once it is validated."""

    def __init__(
        self, name: str, args: CertificatesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Certificates", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        edge, regional = (
            aws.acm.Certificate(
                f"{name}-{end}-certificate",
                region=region,
                domain_name=args.domain.name,
                validation_method="DNS",
                key_algorithm="RSA_2048",
                options=aws.acm.CertificateOptionsArgs(
                    certificate_transparency_logging_preference="ENABLED"
                ),
                opts=child,
            )
            for end, region in (("edge", "us-east-1"), ("regional", None))
        )
        option = edge.domain_validation_options.apply(_only)
        proof = aws.route53.Record(
            f"{name}-certificate-proof",
            zone_id=args.domain.zone_id,
            name=option.apply(lambda known: known.resource_record_name or ""),
            type=option.apply(lambda known: known.resource_record_type or ""),
            records=[option.apply(lambda known: known.resource_record_value or "")],
            ttl=300,
            # A record that someone else owns must stop the update, not be taken over.
            allow_overwrite=False,
            opts=child,
        )
        self.edge_arn = aws.acm.CertificateValidation(
            f"{name}-edge-validation",
            region="us-east-1",
            certificate_arn=edge.arn,
            validation_record_fqdns=[proof.fqdn],
            opts=child,
        ).certificate_arn
        self.regional_arn = aws.acm.CertificateValidation(
            f"{name}-regional-validation",
            certificate_arn=regional.arn,
            validation_record_fqdns=[proof.fqdn],
            opts=child,
        ).certificate_arn
        self.register_outputs({"edge_arn": self.edge_arn, "regional_arn": self.regional_arn})


def _only(
    options: Sequence[CertificateDomainValidationOption],
) -> CertificateDomainValidationOption:
    (option,) = options
    return option
