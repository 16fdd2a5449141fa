"""What the edge does with a path, as the program's distribution says."""

from rehearsal.alb.pages import Pages
from rehearsal.aws.control_plane import ACCESS_KEY, OURS, ControlPlane
from rehearsal.recording import Recording

DIFFERENCES = (
    "Pages come from the bucket through HAProxy and not through CloudFront: nothing is cached, and "
    "neither the firewall nor the headers of pages are there.",
)


def pages(recording: Recording, plane: ControlPlane, bucket: str) -> Pages:
    """The frontend's bucket in moto, for every path that no behaviour sends to the balancer."""
    distribution = recording.only("aws:cloudfront/distribution:Distribution")
    default = distribution.inputs["defaultCacheBehavior"]["targetOriginId"]
    address = plane.url.removeprefix("http://")
    # moto looks at whose request it is, and not at the signature.
    signed_by = f"Credential={ACCESS_KEY}/20260101/{plane.region}/s3/aws4_request"
    return Pages(
        api_paths=tuple(
            behavior["pathPattern"]
            for behavior in distribution.inputs["orderedCacheBehaviors"]
            if behavior["targetOriginId"] != default
        ),
        address=address,
        bucket=bucket,
        headers={
            "Host": address,
            "Authorization": f"AWS4-HMAC-SHA256 {signed_by}, SignedHeaders=host, Signature=0",
            "User-Agent": OURS,
        },
    )
