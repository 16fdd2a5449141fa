"""A report, its checksum, and KMS's signature of that: three files, to be checked without AWS."""

import hashlib
from pathlib import Path
from typing import Any, Protocol

from drills.decide.report import Report
from drills.do.aws import Refused
from drills.do.errors import DrillError

ALGORITHM = "ECDSA_SHA_256"


class Calls(Protocol):
    """Whoever can call KMS, such as drills.do.aws.Aws."""

    def call(self, service: str, operation: str, /, **given: Any) -> Any: ...


def write_signed(aws: Calls, key: str, report: Report, directory: Path) -> Path:
    """Writes `<name>.json`, `.sha256` as `sha256sum` writes it, and `.sig`; returns the first.

    The signature is of the checksum's file: KMS signs 4 KiB at most.
    """
    file = directory / f"{report.environment}-{report.drill}-{report.drill_id}.json"
    text = report.to_json().encode()
    checksum = f"{hashlib.sha256(text).hexdigest()}  {file.name}\n".encode()
    signature = aws.call(
        "kms",
        "sign",
        KeyId=key,
        Message=checksum,
        MessageType="RAW",
        SigningAlgorithm=ALGORITHM,
    )["Signature"]
    try:
        file.write_bytes(text)
        file.with_suffix(".sha256").write_bytes(checksum)
        file.with_suffix(".sig").write_bytes(signature)
    except OSError as error:
        raise DrillError(f"the report can't be written: {error}") from error
    return file


def verify(aws: Calls, key: str, file: Path) -> None:
    """DrillError unless the three files belong together and the key has signed them."""
    try:
        text = file.read_bytes()
        checksum = file.with_suffix(".sha256").read_bytes()
        signature = file.with_suffix(".sig").read_bytes()
    except OSError as error:
        raise DrillError(f"{error.filename} can't be read: {error.strerror}") from None
    if checksum.decode(errors="replace").split() != [hashlib.sha256(text).hexdigest(), file.name]:
        raise DrillError(f"{file.name} is not what its checksum is of: it was changed, or renamed")
    try:
        valid = aws.call(
            "kms",
            "verify",
            KeyId=key,
            Message=checksum,
            MessageType="RAW",
            Signature=signature,
            SigningAlgorithm=ALGORITHM,
        )["SignatureValid"]
    except Refused as refused:
        if refused.code != "KMSInvalidSignatureException":
            raise
        valid = False
    if not valid:
        raise DrillError(f"the signature of {file.name} is not this environment's key's")
