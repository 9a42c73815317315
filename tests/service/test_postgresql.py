"""The whole service over PostgreSQL: the same answers, the verbs, kills, a server that is away."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url

from integrations.registry import Ports
from service.links import sign
from service.passes import begin, full_pass, secret_of
from service.roster_source import load
from service.work import reading
from store import facts, tables
from store.schema import metadata
from tests import canaries
from tests.servers.postgres import WORD, Server
from tests.service.test_apart import apart
from tests.service.test_crash import _NoEvidence as Blind
from tests.service.test_crash import mails, sequence_in
from tests.service.test_forget import NAME, SAM, WORDS, ZSOFIA, enrolled, left, letter
from tests.service.test_forget import forget as forget_her
from tests.service.test_health import listening
from tests.service.test_run import NOON, ROOT, heard, logged, overlap, running
from tests.service.traces import in_bytes, in_tables, plant
from tests.web.desk import page, press, signed_in
from tests.web.office import ready
from tests.web.test_desk_pages import PAIR_PAGE, troubled
from tests.world import DANA, LEE, World, at

MONDAY = at("2027-01-11 12:00")


@pytest.fixture
def store(postgresql: Server, database: str) -> str:
    """As a service on another machine comes: over the network, with a password."""
    return postgresql.url_by_network(make_url(database).database or "")


OF_CHANCE = ("busy", "chain", "pseudonyms", "received")
"""Tables with numbers of their own, random names, or digests of the partners' answers."""


def played(world: World) -> tuple[list[bytes], list[dict[str, object]], dict[str, list[str]]]:
    """A meeting declined, moved, accepted, reminded of, held; then the next one.

    Every mail, each day's status, and every row of the store.
    """
    world.write()
    with world.engine.begin() as connection:
        facts.write(connection, facts.SECRET, "5e" * 32)  # UIDs and codes follow from it
    sent: list[bytes] = []
    standing = []
    now, declined = MONDAY, False
    while now < at("2027-02-05 12:00"):
        world.step(now)
        standing.append(world.status(now))
        for message in world.sent():
            sent.append(message.as_bytes())
            reader = message["To"].addresses[0].addr_spec
            if reader in (DANA, LEE) and sequence_in(message) >= 0:
                answer = "ACCEPTED" if declined or reader == LEE else "DECLINED"
                declined = declined or reader == DANA
                world.reply(reader, message, answer, now)
        now += timedelta(hours=12)
    alike = [t for t in metadata.sorted_tables if t.name not in OF_CHANCE]
    with reading(world.engine) as connection:
        kept = {
            table.name: sorted(str(tuple(row)) for row in connection.execute(select(table)))
            for table in alike
        }
    kept["facts"] = [fact for fact in kept["facts"] if "audit head" not in fact]  # of random names
    return sorted(sent), standing, kept


@pytest.mark.slow
def test_the_road_of_meetings_is_the_same_to_the_byte(world: World, tmp_path: Path) -> None:
    on_file = World(tmp_path / "file")
    sent, standing, kept = played(on_file)
    on_server = played(world)
    assert len(sent) > 15
    assert "held" in str(kept["meetings"])
    assert on_server[0] == sent
    assert on_server[1] == standing
    assert on_server[2] == kept
    on_file.close()


@pytest.mark.slow
def test_the_verbs_speak_as_on_a_file(
    world: World, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert overlap(world, "check", "--offline").returncode == 0
    checked = overlap(world, "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "store: works" in checked.stdout
    first = json.loads(overlap(world, "once", "--now", NOON, "--json").stdout)
    assert (first["proposed"], first["sent"], first["failed"]) == (1, 9, 0)
    assert json.loads(overlap(world, "once", "--now", NOON, "--json").stdout)["sent"] == 0
    (pair,) = json.loads(overlap(world, "status", "--json").stdout)["pairs"]
    assert pair["state"] == "proposed"
    for verb in (["backup", "kept.db"], ["restore", "kept.db"]):
        refused = overlap(world, *verb)
        assert refused.returncode == 2
        assert "use pg_dump and pg_restore" in refused.stderr
    home = world.directory.parent
    (home / ".pgpass").write_text(f"127.0.0.1:{postgresql.port}:*:overlap:{WORD}\n")
    (home / ".pgpass").chmod(0o600)
    monkeypatch.setenv("HOME", str(home))
    with_word, world.store = world.store, world.store.replace(f":{WORD}@", "@")
    world.write()
    assert overlap(world, "status").returncode == 0
    world.store, wrong = with_word, WORD + "x"
    world.store = world.store.replace(WORD, wrong)
    world.write()
    for verb in (["once", "--now", NOON], ["status"], ["check"], ["web"]):
        refused = overlap(world, *verb)
        assert refused.returncode == 1, verb
        (line,) = [each for each in refused.stderr.splitlines() if "store fails" in each]
        assert line.startswith("postgresql+psycopg://overlap:***@127.0.0.1:")
        assert "password authentication failed" in line
        assert WORD not in refused.stderr + refused.stdout


@pytest.mark.slow
def test_a_second_one_is_refused_and_a_server_that_went_away_comes_back(
    world: World, postgresql: Server
) -> None:
    world.step(MONDAY)
    link = sign(secret_of(world.engine), "choices", at("2026-11-25 12:00"), DANA, LEE, DANA)
    world.engine.dispose()
    url = listening(world)
    with running(world) as (process, channel), httpx.Client(base_url=url, timeout=60) as http:
        heard(channel, "READY=1")
        second = overlap(world, "once", "--now", NOON)
        assert second.returncode == 1
        assert "another Overlap works on this store" in second.stderr
        assert overlap(world, "status", "--json").returncode == 0
        while http.get("/readyz").status_code != 200:
            assert process.poll() is None
        assert http.get(f"/choices/{link}").status_code == 200
        with postgresql.away():
            shown = http.get(f"/choices/{link}")
            assert shown.status_code == 503
            assert "Nothing was changed." in shown.text
            assert http.get("/readyz").text == "the store does not answer; see the log\n"
            away = overlap(world, "status")
            assert (away.returncode, away.stderr.count("\n")) == (1, 1)
            assert "see that the server runs" in away.stderr
            process.send_signal(signal.SIGHUP)  # a pass, now
            logged(process, "pass_failed")
        page = http.get(f"/choices/{link}")
        assert page.status_code == 200
        token = re.search(r'name="form" value="([^"]+)"', page.text)
        assert token
        leave = {"what": "away", "first": "2027-03-01", "last": "2027-03-05"}
        done = http.post(f"/choices/{link}", data={"form": token[1], **leave})
        assert done.status_code < 400
        refused = overlap(world, "once", "--now", NOON)  # it has taken hold again
        assert "another Overlap works on this store" in refused.stderr
        (world.directory / "pairs.csv").write_text("mentor,mentee\n")
        process.send_signal(signal.SIGHUP)
        logged(process, "roster_taken_up")
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert canaries.shown(process.stderr.read()) is None


@pytest.mark.slow
def test_pages_apart_share_the_store(world: World) -> None:
    world.step(MONDAY)
    link = sign(secret_of(world.engine), "choices", at("2026-11-25 12:00"), DANA, LEE, DANA)
    with apart(world) as (base, _), httpx.Client(base_url=base, timeout=60) as http:
        assert http.get(f"/choices/{link}").status_code == 200


@pytest.mark.slow
def test_every_page_of_the_coordinator(tmp_path: Path, store: str) -> None:
    with ready(tmp_path / "programme", store=store) as office:
        troubled(office)
        with signed_in(office) as browser:
            shown = {
                path: page(browser, path)
                for path in (
                    "",
                    "/pairs.csv",
                    PAIR_PAGE,
                    "/mail",
                    "/calendars",
                    "/cohort",
                    "/files",
                )
            }
            assert "Lee Park" in shown[""]
            assert DANA in shown["/pairs.csv"]
            assert "no such user here" in shown["/mail"]
            assert "<table" in shown["/cohort"]
            assert press(browser, PAIR_PAGE, do="pause", until="2027-02-20")


def killed(world: World, call: int) -> int:
    """`once`, killed as it says something to the server for the n-th time; how it ended."""
    traced = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=sendto"]
    how = ["-e", f"inject=sendto:signal=SIGKILL:when={call}"]
    verb = ["daemon.py", "--config", str(world.directory), "once", "--now", NOON]
    return subprocess.run(
        [*traced, *how, sys.executable, *verb], cwd=ROOT, capture_output=True, check=False
    ).returncode


@pytest.mark.slow
def test_each_mail_goes_out_once_wherever_it_is_killed(postgresql: Server, tmp_path: Path) -> None:
    expected: list[tuple[str, str, int]] = []
    for call in (65_535, 8, 140, 320, 500):
        with postgresql.database() as url:
            world = World(tmp_path / str(call), store=url)
            world.write()
            status = killed(world, call)
            assert (status == 0) == (not expected), call
            name = make_url(url).database
            under_way = f"SELECT 1 FROM pg_stat_activity WHERE datname = '{name}'"
            while postgresql.run(under_way):
                pass  # the server rolls back what was under way
            if expected:
                assert overlap(world, "once", "--now", NOON).returncode == 0
            found = mails(world)
            expected = expected or found
            assert found == expected, call
            with reading(world.engine) as connection:
                states = set(connection.execute(select(tables.outbox.c.state)).scalars())
            assert states == {"sent"}
            world.close()
    assert len(expected) == 9


def test_a_dump_that_is_put_back_mails_nobody_twice(world: World, postgresql: Server) -> None:
    world.step(at("2027-01-10 03:00"))  # a Sunday: queued, held back
    copy = postgresql.create()
    postgresql.copy(world.engine.url.database or "", copy)
    assert world.step(MONDAY).counts["sent"] == 2
    assert len(world.sent()) == 2
    world.close()
    after = World(world.directory, new=True, store=postgresql.url(copy))
    after._seen = world._seen
    after.write()
    guide = (ROOT / "docs" / "install.md").read_text()
    postgresql.run(guide.partition("```sql\n")[2].partition("```")[0], database=copy)
    roster = load(after.directory)
    ports = Blind(Ports(roster, after.directory))
    for minute in range(2):
        full_pass(begin(roster, after.engine, ports, MONDAY + timedelta(minutes=minute)))
    told = sorted(str(m["Subject"]) for m in after.sent())
    assert told == [f"Mail in doubt: {DANA}", f"Mail in doubt: {LEE}"]
    with reading(after.engine) as connection:
        assert facts.floor(connection) > 29_000_000  # minutes since 1970
        assert facts.read(connection, facts.DOUBTS) is None
    after.close()


@pytest.fixture
def files(postgresql: Server, world: World) -> Iterator[Path]:
    """Where the server keeps the world's database."""
    query = f"SELECT oid FROM pg_database WHERE datname = '{world.engine.url.database}'"
    (number,) = postgresql.run(query)[0]
    yield postgresql.directory / "data" / "base" / str(number)


@pytest.mark.slow
def test_nothing_is_left_of_who_is_forgotten(world: World, postgresql: Server, files: Path) -> None:
    enrolled(world)
    world.step(MONDAY)
    with world.engine.begin() as connection:
        plant(connection, (ZSOFIA, LEE, ZSOFIA), f"with {NAME}", letter(ZSOFIA))
        plant(connection, (SAM, "x@example.org", ZSOFIA), f"{NAME} and {ZSOFIA}", letter(SAM))
    postgresql.run("ANALYZE", database=world.engine.url.database or "")
    postgresql.run("CHECKPOINT")
    assert any(in_bytes(path.read_bytes(), WORDS) for path in files.iterdir())
    left(world)
    now = MONDAY
    forget_her(world, now)
    for _ in range(6):
        now += timedelta(hours=7)
        world.step(now)
    with reading(world.engine) as connection:
        assert in_tables(connection, WORDS) == []
        assert in_tables(connection, [SAM])
    postgresql.run("CHECKPOINT")
    held = {p.name: found for p in files.iterdir() if (found := in_bytes(p.read_bytes(), WORDS))}
    assert held == {}
