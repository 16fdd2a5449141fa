"""What ECR's scan of an image says; a critical vulnerability stops it."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.errors import PipelineError
from pipeline.image import Image

POLL_SECONDS = 5.0
# Basic scanning of an image of ours takes seconds; a queue at AWS may take minutes.
MOST_POLLS = 120
# Of basic scanning, and of enhanced scanning (ECR API reference, ImageScanStatus).
_DONE, _WAITING = {"COMPLETE", "ACTIVE"}, {"IN_PROGRESS", "PENDING"}
STOPS = "CRITICAL"

Ask = Callable[[Image, str], Mapping[str, Any]]
"""One page of `DescribeImageScanFindings`: the image, and the token of the page or ""."""


def verdict(image: Image, ask: Ask, sleep: Callable[[float], None]) -> str:
    """One line with the counts by severity.

    PipelineError when a finding is critical, each by its name, and when there was no scan: what
    nobody has looked at does not pass.
    """
    page = _finished(image, ask, sleep)
    findings = dict(page["imageScanFindings"])
    counts = findings.get("findingSeverityCounts", {})
    if counts.get(STOPS):
        names = sorted(_named(image, ask, page))
        raise PipelineError(
            f"{image.reference} has {counts[STOPS]} critical vulnerabilities: {', '.join(names)}; "
            "rebuild it on a newer base, or with the packages that mend them"
        )
    said = ", ".join(f"{counts[severity]} {severity.lower()}" for severity in sorted(counts))
    return f"{image.reference}: {said or 'nothing found'}"


def _finished(image: Image, ask: Ask, sleep: Callable[[float], None]) -> Mapping[str, Any]:
    status = "PENDING"
    for _ in range(MOST_POLLS):
        page = ask(image, "")
        status = page["imageScanStatus"]["status"]
        if status in _DONE:
            return page
        if status not in _WAITING:
            break
        sleep(POLL_SECONDS)
    raise PipelineError(
        f"{image.reference} was not scanned: ECR says {status}; see that its repository scans on "
        "push, then run the job again"
    )


def _named(image: Image, ask: Ask, page: Mapping[str, Any]) -> set[str]:
    names = set[str]()
    while True:
        findings = page["imageScanFindings"]
        names |= {
            one["name"] for one in findings.get("findings", ()) if one.get("severity") == STOPS
        }
        names |= {
            one["packageVulnerabilityDetails"]["vulnerabilityId"]
            for one in findings.get("enhancedFindings", ())
            if one.get("severity") == STOPS
        }
        token = page.get("nextToken")
        if not token:
            return names
        page = ask(image, token)
