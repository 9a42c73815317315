"""The mail program's own button that ends the digest (RFC 8058), on wire bytes and by its POST."""

from __future__ import annotations

import asyncio
import re

import httpx

from service.compose import compose
from service.digest import digest
from service.doors import Doors
from service.links import sign
from service.preview import SAMPLES
from service.roster_source import load
from service.samples import Sitting
from service.welcome import DIGEST, LEAVE, YES
from service.work import Work, reading
from store import preferences
from store.outbox import due
from tests.world import DANA, LEE, World, at
from web.app import application

FEBRUARY = at("2027-02-01 12:00")
BASE = "https://mentoring.example.org"
_HEADER = re.compile(rb"^List-Unsubscribe: <(https://[^>\s]{100,})>, <(mailto:[^>\s]+)>\r\n", re.M)


def asked_for(world: World, base: str = BASE) -> Work:
    """Dana wants the digest; the pass that owes it to her."""
    settings = world.directory / "overlap.toml"
    if base:
        settings.write_text(settings.read_text() + f'[web]\nbase_url = "{base}"\n')
    work = world.work(FEBRUARY)
    with world.engine.begin() as connection:
        preferences.write(connection, DANA, DIGEST, YES, FEBRUARY)
    return work


def wire(world: World, work: Work) -> bytes:
    digest(work)
    with world.engine.begin() as connection:
        (queued,) = due(connection, work.roster.programme.organiser.email, work.now)
    return queued.letter.raw


def wants(world: World) -> str:
    with reading(world.engine) as connection:
        return preferences.read(connection, DANA, DIGEST)


def test_the_header_stands_unfolded_and_unencoded_on_the_wire(world: World) -> None:
    raw = wire(world, asked_for(world))
    assert _HEADER.search(raw)
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998


def test_without_pages_the_button_writes_a_mail(world: World) -> None:
    raw = wire(world, asked_for(world, ""))
    assert re.search(rb"^List-Unsubscribe: <mailto:mentoring@example.org\?subject=LEAVE", raw, re.M)
    assert b"List-Unsubscribe-Post" not in raw


def test_no_other_mail_has_the_button_and_no_line_is_too_long(world: World) -> None:
    roster = load(world.directory)
    sitting = Sitting(roster, roster.pairs[0], roster.people[DANA], FEBRUARY)
    for kind, sample in SAMPLES.items():
        notice = sample(sitting)
        raw = compose(notice, roster.programme, calendar=None, at=FEBRUARY, secret=b"k" * 32).raw
        assert (b"\r\nList-Unsubscribe: " in raw) == (kind == "digest"), kind
        body = raw.partition(b"\r\n\r\n")[2]
        lines = (line for line in body.split(b"\r\n") if not line.startswith(b"Content-"))
        assert max(map(len, lines)) <= 78, kind  # RFC 2045 sections 6.7 and 6.8


def test_the_button_ends_it_and_a_look_does_not(world: World) -> None:
    work = asked_for(world)
    found = _HEADER.search(wire(world, work))
    assert found is not None
    link = found[1].decode()
    doors = Doors(lambda: None, lambda: work, lambda person: None, lambda: None)  # type: ignore[arg-type, return-value]

    async def play() -> None:
        transport = httpx.ASGITransport(application(doors))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            for method in ("GET", "HEAD"):
                look = await http.request(method, link)
                assert look.status_code == 303
                assert look.headers["location"].startswith("/preferences/")
            for token in ("x", sign(work.secret, "preferences", work.now, DANA), link[-20:]):
                forged = await http.post(f"/{LEAVE}/{token}", content=b"List-Unsubscribe=One-Click")
                assert forged.status_code == 404
            assert (await http.post(link, content=b"")).status_code == 404
            others = sign(work.secret, LEAVE, work.now, LEE)
            await http.post(f"/{LEAVE}/{others}", content=b"List-Unsubscribe=One-Click")
            assert wants(world) == YES
            for _ in range(2):  # twice is as once
                done = await http.post(link, data={"List-Unsubscribe": "One-Click"})
                assert done.status_code == 200
            assert wants(world) != YES

    asyncio.run(play())
