"""Forged links, other sites' forms, lying headers, scanners: through the pages themselves."""

from __future__ import annotations

import asyncio
import inspect
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any, NoReturn

import httpx
import itsdangerous
import pytest
from sqlalchemy import select

from service.doors import Doors
from service.links import LASTS, USUALLY, form_token, opened, sign
from service.passes import present
from service.roster_source import load
from service.work import Work
from store.schema import metadata
from tests.hostile.parsers import NOW, SECRET
from tests.web.office import hidden
from tests.world import DANA, LEE, World, at
from web import forms
from web.app import DESK, PAGES, application
from web.coordinator import COOKIE

FORGED = int(os.environ.get("OVERLAP_FORGED", "20000"))
SCANS = int(os.environ.get("OVERLAP_SCANS", "300"))
MONDAY = at("2027-01-11 12:00")
BASE = "https://mentoring.example.org"
PURPOSES = tuple(page.purpose for page in PAGES)


@pytest.fixture
def doors(world: World) -> Iterator[Doors]:
    world.write()
    settings = world.directory / "overlap.toml"
    settings.write_text(settings.read_text() + f'[web]\nbase_url = "{BASE}"\n')
    world.step(MONDAY)

    def no_desk() -> NoReturn:
        raise AssertionError("nobody connects a calendar here")

    def work() -> Work:
        roster = load(world.directory)
        return present(roster, world.engine, world.ports(roster, world.directory), MONDAY)

    yield Doors(no_desk, work, lambda person: None, lambda: None)


@asynccontextmanager
async def browsing(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application(doors), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


def rows(world: World) -> dict[str, list[Any]]:
    with world.engine.connect() as connection:
        return {name: list(connection.execute(select(t))) for name, t in metadata.tables.items()}


def forgeries(random: Random, count: int) -> Iterator[tuple[str, str]]:
    """Tokens by purpose that we did not sign: altered, of other keys, purposes and shapes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    good = {p: sign(SECRET, p, NOW, DANA, "uid") for p in (*PURPOSES, "connect", "session")}
    names = list(good)
    for number in range(count):
        purpose = random.choice(names)
        token = list(good[purpose])
        match number % 5:
            case 0:
                at = random.randrange(len(token))
                token[at] = random.choice([c for c in letters if c != token[at]])
            case 1:
                token = list(good[random.choice([n for n in names if n != purpose])])
            case 2:
                token = list(sign(random.randbytes(32), purpose, NOW, DANA, "uid"))
            case 3:
                del token[random.randrange(len(token)) :]
            case _:
                body, _, seal = "".join(token).rpartition(".")
                token = [*body, ".", *random.choices(letters[:-1], k=len(seal))]
        yield purpose, "".join(token)


def test_no_forged_link_opens(record_property: Any) -> None:
    began = time.process_time()
    passed = [
        (purpose, token)
        for purpose, token in forgeries(Random(7), FORGED)
        if opened(SECRET, purpose, token, NOW) is not None
    ]
    record_property("microseconds a link", (time.process_time() - began) / FORGED * 1e6)
    # One letter of base64 carries spare bits: a changed last letter may be the same signature.
    good = {purpose: _decoded(sign(SECRET, purpose, NOW, DANA, "uid")) for purpose, _ in passed}
    assert [token for purpose, token in passed if _decoded(token) != good[purpose]] == []
    assert len(passed) < FORGED / 100


def _decoded(token: str) -> tuple[str, bytes]:
    body, _, seal = token.rpartition(".")
    return body, itsdangerous.base64_decode(seal)


def test_signatures_and_tokens_are_compared_in_constant_time() -> None:
    checked = inspect.getsource(itsdangerous.signer.SigningAlgorithm.verify_signature)
    assert "hmac.compare_digest" in checked
    assert "compare_digest" in inspect.getsource(forms._is_ours)


@pytest.mark.parametrize("purpose", [*PURPOSES, "connect", "state", "coordinator/enter", "session"])
def test_a_link_ends_with_its_time(purpose: str) -> None:
    token, lasts = sign(SECRET, purpose, NOW, DANA), LASTS.get(purpose, USUALLY)
    assert opened(SECRET, purpose, token, NOW + lasts)
    assert opened(SECRET, purpose, token, NOW + lasts + timedelta(seconds=1)) is None


def test_other_sites_forms_and_other_links_tokens_change_nothing(
    doors: Doors, world: World
) -> None:
    async def play() -> None:
        work = doors.work()
        links = {p: sign(work.secret, p, work.now, LEE, LEE, DANA) for p in PURPOSES}
        before = rows(world)
        async with browsing(doors) as client:
            for purpose, token in links.items():
                path = f"/{purpose}/{token}"
                ours = form_token(work.secret, token)
                others = form_token(work.secret, sign(work.secret, purpose, work.now, DANA))
                for form in ("", "x" * 32, ours[:-1], ours.upper(), others, "\u0661" * 32):
                    answer = await client.post(path, data={"form": form, "do": "pause"})
                    assert answer.status_code in (403, 404), (purpose, form)
                for site in ("cross-site", "same-site", "x"):
                    head = {"Sec-Fetch-Site": site, "Origin": "https://evil.example"}
                    answer = await client.post(path, data={"form": ours}, headers=head)
                    assert answer.status_code == 403
            for place in DESK:
                if place.act:
                    path = f"/coordinator{place.path}".replace("{about:path}", f"{LEE}/{DANA}")
                    for cookie in ("", "x", sign(work.secret, "session", work.now, LEE)):
                        head = {"Cookie": f"{COOKIE}={cookie}"}
                        answer = await client.post(path, data={"do": "pause"}, headers=head)
                        assert answer.status_code == 403
        assert rows(world) == before

    asyncio.run(play())


def test_the_same_form_from_our_own_page_is_taken(doors: Doors, world: World) -> None:
    """What the test above sends is refused for where it comes from, and for nothing else."""

    async def play() -> None:
        work = doors.work()
        token = sign(work.secret, "choices", work.now, LEE, LEE, DANA)
        async with browsing(doors) as client:
            page = await client.get(f"/choices/{token}")
            assert page.status_code == 200
            for site in ("same-origin", "none"):
                answer = await client.post(
                    f"/choices/{token}",
                    data={"form": hidden(page.text), "do": "nothing"},
                    headers={"Sec-Fetch-Site": site, "Origin": "null"},
                )
                assert answer.status_code != 403

    asyncio.run(play())


def test_no_host_that_is_asked_for_comes_back(doors: Doors, world: World) -> None:
    async def play() -> None:
        work = doors.work()
        token = sign(work.secret, "choices", work.now, LEE, LEE, DANA)
        paths = ("/", "/coordinator", "/coordinator/", f"/choices/{token}", f"/choices/{token}/",
                 "//evil.example/", "/coordinator//evil.example", "/choices//evil.example/..",
                 "/%2f%2fevil.example", "/\\evil.example", "/connected")  # fmt: skip
        async with browsing(doors) as client:
            for path in paths:
                for head in (
                    {"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"},
                    {"Forwarded": "host=evil.example"}, {"X-Original-URL": "https://evil.example"},
                ):  # fmt: skip
                    for method in ("GET", "HEAD", "POST"):
                        answer = await client.request(method, path, headers=head)
                        assert answer.status_code < 500 or path == "/connected"
                        assert "evil" not in answer.headers.get("location", "")
                        assert "://" not in answer.headers.get("location", "")
                        assert path.count("evil") or "evil.example" not in answer.text

    asyncio.run(play())


def test_every_answer_forbids_frames_scripts_and_other_sites_forms(doors: Doors) -> None:
    async def play() -> None:
        async with browsing(doors) as client:
            for path in ("/", "/coordinator", "/choices/x", "/nowhere", "/coordinator/mail"):
                answer = await client.get(path)
                policy = answer.headers["content-security-policy"]
                for word in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'",
                             "base-uri 'none'"):  # fmt: skip
                    assert word in policy
                assert "script" not in policy
                assert answer.headers.get_list("x-frame-options") == ["DENY"]
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["referrer-policy"] == "no-referrer"
                assert answer.headers["cache-control"] == "no-store"

    asyncio.run(play())


def test_a_form_is_bounded_in_size_and_in_time(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.app._LONGEST_FORM", 0.05)

    async def endless() -> AsyncIterator[bytes]:
        yield b"form="
        await asyncio.Event().wait()

    async def play() -> None:
        async with browsing(doors) as client:
            for path in ("/choices/x", "/coordinator", "/coordinator/mail"):
                large = await client.post(path, content=b"a" * 60_000)
                assert large.status_code == 413
                slow = await client.post(path, content=endless())
                assert slow.status_code == 408

    asyncio.run(play())


def test_scanners_change_nothing(doors: Doors, world: World) -> None:
    """Real links and forged ones, again and again, by every method that reads."""

    async def play() -> None:
        work = doors.work()
        pages = ("choices", "agreement", "planning", "preferences", "told")
        real = [(p, sign(work.secret, p, work.now, LEE, LEE, DANA)) for p in pages]
        real += [("coordinator/enter", sign(work.secret, "coordinator/enter", work.now, LEE))]
        before, random, shown = rows(world), Random(3), 0
        forged = forgeries(random, SCANS)
        async with browsing(doors) as client:
            for number, (purpose, token) in enumerate(forged):
                if number % 10 == 0:
                    purpose, token = real[number // 10 % len(real)]
                path = f"/{purpose}/{token}" if purpose != "connect" else f"/choices/{token}"
                method = random.choice(("GET", "GET", "HEAD", "OPTIONS"))
                answer = await client.request(method, path, headers={"User-Agent": ""})
                assert answer.status_code in (200, 404, 405), path
                shown += answer.status_code == 200
        assert shown > SCANS / 40
        assert rows(world) == before

    asyncio.run(play())
