import asyncio
from pathlib import Path

from cryptography import x509

from bench import servers


class RecordingWriter:
    """A stream writer that records what is written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    async def drain(self) -> None: ...

    def close(self) -> None:
        self.is_closed = True

    async def wait_closed(self) -> None: ...


async def test_each_request_is_answered_in_one_write_and_nothing_else_is_sent() -> None:
    reader, writer = asyncio.StreamReader(), RecordingWriter()
    reader.feed_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    reader.feed_eof()
    await servers.answer(reader, writer)  # type: ignore[arg-type]
    assert writer.writes == [servers.ANSWER, servers.ANSWER]
    assert writer.is_closed


def test_the_servers_certificate_fits_a_segment(tmp_path: Path) -> None:
    servers.write_identity(tmp_path / "server.pem")
    pem = (tmp_path / "server.pem").read_bytes()
    leaf = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    # The rest of the flight (ServerHello, extensions, a P-256 signature and Finished) has about 350 bytes.
    assert len(leaf.public_bytes(servers.Encoding.DER)) < 1000
    assert (tmp_path / "server.pem").stat().st_mode & 0o077 == 0
    assert servers.server_context(tmp_path / "server.pem").num_tickets == 0
