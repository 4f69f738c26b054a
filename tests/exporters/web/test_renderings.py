"""Renderings that clients share: one for all, compressed if the client accepts it, and not sent again if it has it."""

import asyncio
import gzip
import threading
from collections.abc import Callable

import pytest
from aiohttp.test_utils import make_mocked_request

from exporters.web.renderings import HTML, MAX_AGE_S, Renderer, Rendering, Shared, accepts_gzip

LARGE = b"<html>" + b"x" * 5_000


def headers(**given: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("br, *;q=0.1", True),
        ("gzipped", False),
        ("gzip;q=abc", False),
        ("gzip;level=9", False),
    ],
)
def test_gzip_is_used_only_if_the_client_accepts_it(header: str | None, accepted: bool) -> None:
    given = {} if header is None else {"Accept-Encoding": header}
    assert accepts_gzip(make_mocked_request("GET", "/", headers=given)) is accepted


def test_the_body_is_the_same_compressed_or_not() -> None:
    rendering = Rendering.of(LARGE)
    plain = rendering.response(make_mocked_request("GET", "/"), HTML)
    packed = rendering.response(
        make_mocked_request("GET", "/", headers=headers(Accept_Encoding="gzip")), HTML
    )
    assert plain.body == LARGE
    assert isinstance(packed.body, bytes)
    assert gzip.decompress(packed.body) == LARGE
    assert (plain.headers["Vary"], packed.headers["Vary"]) == ("Accept-Encoding", "Accept-Encoding")
    assert plain.headers["ETag"] == packed.headers["ETag"]


def test_a_small_body_is_not_compressed() -> None:
    request = make_mocked_request("GET", "/", headers=headers(Accept_Encoding="gzip"))
    assert Rendering.of(b"x" * 1_399).response(request, HTML).body == b"x" * 1_399
    assert "Content-Encoding" in Rendering.of(b"x" * 1_400).response(request, HTML).headers


@pytest.mark.parametrize(
    ("known", "status"),
    [('"TAG"', 304), ('W/"TAG"', 304), ('"a", "TAG"', 304), ("*", 304), ('"a"', 200), ("TAG", 200)],
)
def test_a_client_that_has_the_rendering_gets_304_without_a_body(known: str, status: int) -> None:
    rendering = Rendering.of(LARGE)
    request = make_mocked_request(
        "GET", "/", headers=headers(If_None_Match=known.replace("TAG", rendering.tag))
    )
    response = rendering.response(request, HTML)
    assert response.status == status
    assert (response.body is None) == (status == 304)
    assert response.headers["ETag"] == f'"{rendering.tag}"'


class Written:
    """Counts renderings; each may be held up, in the thread that makes it."""

    def __init__(self) -> None:
        self.version, self.count = 0, 0
        self.may_end = threading.Event()
        self.may_end.set()

    def prepare(self) -> Callable[[], bytes]:
        self.count += 1
        number = self.count

        def write() -> bytes:
            self.may_end.wait(100)
            return f"{number}".encode()

        return write


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def shared(written: Written) -> Shared:
    return Shared(Renderer(), lambda: written.version, written.prepare)


async def test_all_clients_share_one_rendering_until_the_next_version(
    shared: Shared, written: Written
) -> None:
    first = await asyncio.gather(*(shared.get() for _ in range(32)))
    assert {each.plain for each in first} == {b"1"}
    written.version += 1
    assert (await shared.get()).plain == b"2"
    assert written.count == 2


async def test_clients_that_ask_during_a_rendering_wait_for_it_and_start_no_other(
    shared: Shared, written: Written
) -> None:
    written.may_end.clear()
    waiting = [asyncio.create_task(shared.get()) for _ in range(8)]
    await asyncio.sleep(0)
    written.version += 1
    late = asyncio.create_task(shared.get())
    await asyncio.sleep(0)
    written.may_end.set()
    assert {each.plain for each in await asyncio.gather(*waiting, late)} == {b"1"}


async def test_a_client_that_leaves_does_not_end_the_rendering_of_the_others(
    shared: Shared, written: Written
) -> None:
    written.may_end.clear()
    leaves, stays = asyncio.create_task(shared.get()), asyncio.create_task(shared.get())
    await asyncio.sleep(0)
    leaves.cancel()
    await asyncio.sleep(0)
    written.may_end.set()
    assert (await stays).plain == b"1"


@pytest.mark.parametrize(("age_s", "renderings"), [(MAX_AGE_S - 0.001, 1), (MAX_AGE_S, 2)])
async def test_a_rendering_is_used_for_ten_seconds_at_most(
    shared: Shared, written: Written, age_s: float, renderings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now[0])
    await shared.get()
    now[0] += age_s
    await shared.get()
    assert written.count == renderings


async def test_after_a_failure_the_next_client_gets_a_new_rendering(written: Written) -> None:
    def prepare() -> Callable[[], bytes]:
        written.count += 1
        return (lambda: b"good") if written.count > 1 else (lambda: bytes(-1))

    shared = Shared(Renderer(), lambda: 0, prepare)
    with pytest.raises(ValueError, match="negative count"):
        await shared.get()
    assert (await shared.get()).plain == b"good"
