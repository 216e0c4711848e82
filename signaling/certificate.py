"""
A certificate of our own for ``--tls``: cameras need a secure context, and a phone on the same network is not localhost.

Browsers warn once, since nobody vouches for it. In production a proxy with a real certificate stands in front.
"""

import datetime
import ipaddress
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=397)  # the most that browsers accept
RENEW_BEFORE = datetime.timedelta(days=14)


class CertificateFiles(NamedTuple):
    certificate: Path
    key: Path


def local_addresses() -> list[str]:
    """This machine's own addresses, the one towards the outside first, without loopback. Nothing is sent."""
    found: list[str] = []
    for family, outside in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((outside, 9))
                found.append(str(probe.getsockname()[0]))
        except OSError:
            continue
    return [address for address in dict.fromkeys(found) if not ipaddress.ip_address(address).is_loopback]


def ensure_certificate(directory: Path, names: Iterable[str], now: datetime.datetime) -> CertificateFiles:
    """
    The certificate in ``directory``, made when there is none, when it soon expires or when a name is missing.

    :param names: host names and IP addresses that it must stand for.
    """
    files = CertificateFiles(directory / "certificate.pem", directory / "key.pem")
    wanted = sorted({"localhost", "127.0.0.1", *names})
    if not _still_good(files, wanted, now):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _make(files, wanted, now)
    return files


def _still_good(files: CertificateFiles, wanted: list[str], now: datetime.datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    held = {str(name.value) for name in names}
    return files.key.exists() and set(wanted) <= held and certificate.not_valid_after_utc - RENEW_BEFORE > now


def _make(files: CertificateFiles, names: list[str], now: datetime.datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Passerelle")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName([general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_key(files.key, key)
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Readable by this user alone, from the first moment on."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
