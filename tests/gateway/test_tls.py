"""Temporal behind TLS, as a cluster of one's own or Temporal Cloud is: told by the SDK's environment variables only."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from temporalio.service import GrpcCompression

from doorstep.errors import SetupError, Unavailable
from doorstep.gateway.client import connect, connect_config
from doorstep.settings import Settings
from doorstep.temporal_namespace import look
from doorstep.temporal_server import TemporalServer

ADDRESS, NAMESPACE = "TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"
CA, CERT, KEY = (f"TEMPORAL_TLS_{what}_PATH" for what in ("SERVER_CA_CERT", "CLIENT_CERT", "CLIENT_KEY"))


class Papers:
    """A certificate authority of the test's own, and what it signs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the tests' authority")])
        self.authority = self._write("ca", self._signed("the tests' authority", self._key, is_ca=True))

    def of(self, name: str) -> tuple[str, str]:
        """Files of a certificate for 127.0.0.1 in that name, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return self._write(name, self._signed(name, key)), self._write(f"{name}-key", text)

    def _signed(self, name: str, key: ec.EllipticCurvePrivateKey, *, is_ca: bool = False) -> bytes:
        now = datetime.now(UTC)
        here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(here, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    def _write(self, name: str, text: bytes) -> str:
        file = self._folder / f"{name}.pem"
        file.write_bytes(text)
        return str(file)


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


@pytest.fixture
async def behind_tls(temporal_server: TemporalServer, papers: Papers) -> AsyncIterator[str]:
    """The session's server behind TLS that asks for a client's certificate: where it is."""
    terms = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=papers.authority)
    terms.verify_mode = ssl.CERT_REQUIRED
    terms.verify_flags &= ~ssl.VERIFY_X509_STRICT  # wants extensions that only authorities of the world carry
    terms.load_cert_chain(*papers.of("server"))
    terms.set_alpn_protocols(["h2"])  # gRPC speaks nothing else
    port = int(temporal_server.address.rpartition(":")[2])

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pour(reader, back), pour(there, writer), return_exceptions=True)

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while read := await reader.read(65536):
                writer.write(read)
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(through, "127.0.0.1", 0, ssl=terms)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in (ADDRESS, NAMESPACE, CA, CERT, KEY, "TEMPORAL_TLS", "TEMPORAL_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


async def test_a_server_behind_tls_is_reached_with_the_sdks_variables_alone(
    behind_tls: str,
    temporal_server: TemporalServer,
    papers: Papers,
    clean: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Its certificate is checked against the authority named, and ours is shown to it."""
    cert, key = papers.of("worker")
    clean.setenv(ADDRESS, behind_tls)
    clean.setenv(NAMESPACE, temporal_server.namespace)
    clean.setenv("TEMPORAL_TLS", "true")
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(Unavailable):  # nobody vouches for the server
        await connect(settings)
    clean.setenv(CA, papers.authority)
    with pytest.raises(Unavailable):  # nor for us
        await look(await connect(settings), "nobody")
    clean.setenv(CERT, cert)
    clean.setenv(KEY, key)
    client = await connect(settings)
    assert client.namespace == temporal_server.namespace
    assert await look(client, "nobody") == 0


async def test_a_certificate_that_is_not_there_is_one_sentence(
    clean: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It names what to look at, and no traceback is needed."""
    clean.setenv(ADDRESS, "temporal.example:7233")
    clean.setenv(CA, str(tmp_path / "nowhere.pem"))
    with pytest.raises(SetupError, match=r"TLS settings cannot be used.*TEMPORAL_TLS"):
        await connect(Settings(data_dir=tmp_path))


def test_temporal_cloud_needs_an_address_a_namespace_and_a_key(
    clean: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key means TLS; Doorstep's own names go before the SDK's."""
    clean.setenv(ADDRESS, "eu-central-1.aws.api.temporal.io:7233")
    clean.setenv(NAMESPACE, "shop.a1b2c")
    clean.setenv("TEMPORAL_API_KEY", "a-key")
    config = connect_config(Settings(data_dir=tmp_path))
    assert config == {
        "target_host": "eu-central-1.aws.api.temporal.io:7233",
        "namespace": "shop.a1b2c",
        "api_key": "a-key",
        "tls": True,
    }
    ours = Settings(data_dir=tmp_path, temporal_address="here:7233", temporal_namespace="ours")
    assert connect_config(ours) | {"target_host": "here:7233", "namespace": "ours"} == connect_config(ours)


def test_a_shells_variables_for_another_cluster_leave_the_embedded_server_alone(
    clean: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`doorstep up` and the commands beside it speak plainly to their own server."""
    clean.setenv("TEMPORAL_API_KEY", "a-key")
    clean.setenv(NAMESPACE, "shop.a1b2c")
    assert connect_config(Settings(data_dir=tmp_path)) == {
        "target_host": "127.0.0.1:7233",
        "namespace": "default",
        "grpc_compression": GrpcCompression.NONE,
    }


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_nothing_is_packed_for_a_server_on_this_machine(
    clean: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    here = connect_config(Settings(data_dir=tmp_path, temporal_address=f"{name}:7233"))
    assert here["grpc_compression"] is GrpcCompression.NONE
    there = connect_config(Settings(data_dir=tmp_path, temporal_address="localhost.example.com:7233"))
    assert "grpc_compression" not in there
