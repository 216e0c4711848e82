"""
The centre's own certificate authority, and what each machine of the centre is given by it.

A machine gets a folder: the authority's certificate, its own certificate and key, and the centre's datagram key. The
authority's key stays where it was made. No public authority plays a part, so that nobody else can vouch for a machine.
"""

import datetime
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from relay.network_config import CENTRE_DOMAIN, NetworkConfig
from signaling.certificate import general_name, write_key
from signaling.config import ensure_secret

AUTHORITY_LIFETIME = datetime.timedelta(days=3650)
MACHINE_LIFETIME = datetime.timedelta(days=730)
RENEW_BEFORE = datetime.timedelta(days=30)  # from then on doctor says so
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class MachineNameError(ValueError):
    """Not a name that fits into a certificate (RFC 1123 label)."""


class Authority(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def ensure_authority(secrets_dir: Path, now: datetime.datetime) -> Authority:
    """The centre's, made on the first call. :raises OSError: the directory cannot be written or read."""
    certificate_file, key_file = secrets_dir / "centre_ca.pem", secrets_dir / "centre_ca.key"
    if not certificate_file.exists():
        secrets_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make_authority(certificate_file, key_file, now)
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return Authority(x509.load_pem_x509_certificate(certificate_file.read_bytes()), key)


def issue(
    secrets_dir: Path, folder: Path, name: str, addresses: Iterable[str], now: datetime.datetime
) -> datetime.datetime:
    """
    Fill ``folder`` with what the machine needs; what is there is replaced.

    :param addresses: IP addresses (or names) where the others reach it.
    :returns: when the certificate ends.
    :raises MachineNameError: not such a name. :raises OSError: a directory cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise MachineNameError(name)
    authority = ensure_authority(secrets_dir, now)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [f"{name}.{CENTRE_DOMAIN}", *addresses]
    ends = min(now + MACHINE_LIFETIME, authority.certificate.not_valid_after_utc)
    certificate = (
        _builder(name, now, ends)
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([general_name(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_key(folder / "key.pem", key)
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    datagram_key = folder / "datagrams.key"
    datagram_key.unlink(missing_ok=True)
    datagram_key.touch(mode=0o600)
    datagram_key.write_text(ensure_secret(secrets_dir / "datagrams_key"))
    return ends


def _make_authority(certificate_file: Path, key_file: Path, now: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = f"Passerelle {secrets.token_hex(4)}"  # two centres, two names
    builder = _builder(name, now, now + AUTHORITY_LIFETIME)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        builder.issuer_name(_subject(name))
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_key(key_file, key)
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _builder(name: str, now: datetime.datetime, ends: datetime.datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(ends)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def own_problem(network: NetworkConfig, now: datetime.datetime) -> str | None:
    """
    What is wrong with this machine's own files, as a code of ``signaling.machine_check.OWN_WORDS``; None: nothing.
    """
    files = (network.ca_file, network.certificate_file, network.key_file)
    if not all(file.is_file() for file in files):
        return "certificate_missing"
    try:
        authorities, (certificate, *between) = (
            x509.load_pem_x509_certificates(file.read_bytes()) for file in files[:2]
        )
        key = serialization.load_pem_private_key(network.key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return "certificate_unreadable"
    if key.public_key() != certificate.public_key():
        return "certificate_not_its_key"
    if certificate.issuer not in [each.subject for each in (*authorities, *between)]:
        return "certificate_not_of_authority"
    if not network.datagram_key:
        return "datagram_key_missing"
    if network.announced not in _addresses(certificate):
        return "certificate_for_other_address"
    ends = min(each.not_valid_after_utc for each in (certificate, *between, *authorities))
    if ends <= now:
        return "certificate_expired"
    return "certificate_ends_soon" if ends - RENEW_BEFORE <= now else None


def _addresses(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(address) for address in names.get_values_for_type(x509.IPAddress)}
