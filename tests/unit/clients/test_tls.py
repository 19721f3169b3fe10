"""A service with a certificate of its own."""

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from clients.triptych_client import Client, TriptychError
from tests.unit.clients.scripted_server import ANSWER, Told, scripted


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A file with a self-signed certificate for localhost and its key."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - day, now + day)
    signed = built.add_extension(x509.SubjectAlternativeName(hosts), critical=True).sign(key, hashes.SHA256())
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + plain)
    return path


def test_it_is_trusted_where_given_and_only_there(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with scripted(lambda asked: Told(200, ANSWER), context) as service:
        assert Client(service.url, token="t", cacert=str(certificate)).predict(b"photo") == ANSWER
        assert service.asked[0].headers["Authorization"] == "Bearer t"
        with pytest.raises(TriptychError, match="bad_certificate"):
            Client(service.url).reach()
