"""A throw-away certificate authority: every server of a rehearsal is verified, none is trusted."""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rehearsal.machine.files import write

VALID_DAYS = 2
NAMES = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A server's certificate (PEM, readable by all) and key (PEM, 0600, its user's own)."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates for localhost and 127.0.0.1; its own key never leaves this process."""

    file: Path
    """The authority's certificate, PEM, readable by every user: what clients verify against."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Slipway rehearsal")
        own = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        write(file, own.public_bytes(serialization.Encoding.PEM), mode=0o644)

    def issue(
        self, directory: Path, *, owner: str | None = None, hosts: Sequence[str] = ()
    ) -> Certificate:
        """Writes `server.crt` and `server.key` into a directory, for the user who will serve.

        `hosts` are names that the server answers to besides localhost and 127.0.0.1.
        """
        names = x509.SubjectAlternativeName([*NAMES, *map(x509.DNSName, hosts)])
        key = ec.generate_private_key(ec.SECP256R1())
        signed = (
            _builder(_name("localhost"), self._name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(names, critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        issued = Certificate(certificate=directory / "server.crt", key=directory / "server.key")
        write(issued.certificate, signed.public_bytes(serialization.Encoding.PEM), mode=0o644)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        write(issued.key, pem, mode=0o600, owner=owner)
        return issued


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
