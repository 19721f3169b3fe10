"""A service with a certificate of its own."""

import ssl
from pathlib import Path

import pytest

from clients.triptych_client import Client, TriptychError
from tests.certificate import self_signed
from tests.unit.clients.scripted_server import ANSWER, Told, scripted


def test_it_is_trusted_where_given_and_only_there(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with scripted(lambda asked: Told(200, ANSWER), context) as service:
        assert Client(service.url, token="t", cacert=str(certificate)).predict(b"photo") == ANSWER
        assert service.asked[0].headers["Authorization"] == "Bearer t"
        with pytest.raises(TriptychError, match="bad_certificate"):
            Client(service.url).reach()
