"""Forgetting somebody, whole: a played programme with her in every table, and no trace after."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Table, select

from integrations.ports import Consent, ProviderError
from integrations.registry import Ports
from mentoring.chain import read_head
from service import forget as forgetting
from service.consent import Asks
from service.forget import Account, Refused
from service.grants import StoredGrants
from service.passes import begin
from service.roster_source import load
from service.show_privacy import account_lines
from service.trail import document
from service.work import reading
from store import grants, history, owners, tables
from store.backup import back_up
from store.figures import figures
from store.restore import restore
from store.schema import metadata
from store.tables_privacy import tallies
from tests.service.traces import in_bytes, in_files, in_tables, plant
from tests.world import LEE, ON_FILE, World, at, kinds

ZSOFIA, NAME = "zsofia.quill@example.org", "Zsófia Quillfeather"
WORDS = (ZSOFIA, NAME, "Quillfeather", "zsofia.quill")
SAM = "sam@example.org"
HERS = (
    f"{NAME},{ZSOFIA},America/New_York,Mon-Fri 09:00-17:00,file:dana.ics,Boss <boss@example.org>\n"
)
HEAD = "name,email,timezone,hours,calendar,supervisor\n"
OTHERS = (
    f"Lee Park,{LEE},America/Los_Angeles,Mon-Fri 08:00-16:00,file:lee.ics,\n"
    f"Sam Holt,{SAM},America/New_York,Mon-Fri 09:00-17:00,,Boss <boss@example.org>\n"
)
PAIRS = "mentor,mentee\n"
HER_PAIR, THEIRS = f"{LEE},{ZSOFIA}\n", f"{LEE},{SAM}\n"
ROOT = Path(__file__).parents[2]
MONDAY = at("2027-01-11 12:00")


def enrolled(world: World) -> None:
    web = '[web]\nbase_url = "https://mentoring.example.org"\n'
    world.write(HEAD + HERS + OTHERS, PAIRS + HER_PAIR + THEIRS, agreement=web)


def left(world: World, agreement: str = "") -> None:
    """She is taken out of the files."""
    world.write(HEAD + OTHERS, PAIRS + THEIRS, agreement=agreement)


def forget(world: World, now: datetime, person: str = ZSOFIA, asks: Asks | None = None) -> Account:
    roster = load(world.directory)
    ports = Ports(roster, world.directory)
    work = begin(roster, world.engine, ports, now)
    grants = StoredGrants.of(roster, world.directory, world.engine)
    return forgetting.forget(work, world.directory, person, grants, asks or ports)


def letter(reader: str) -> bytes:
    """A mail that names her, in the ways in which mails hide words."""
    mail = EmailMessage()
    mail["To"], mail["Subject"] = reader, f"You meet {NAME}"
    mail.set_content(f"You meet\n{NAME}.\n", cte="base64")
    mail.add_alternative(f"<p>{NAME} &lt;{ZSOFIA}&gt;</p>", subtype="html", cte="quoted-printable")
    return mail.as_bytes()


@pytest.fixture
def played(world: World, log: io.StringIO) -> World:
    """Two weeks: meetings proposed, answered, held; one with her is ahead."""
    enrolled(world)
    now = MONDAY
    while now < at("2027-01-26 12:00"):
        world.step(now)
        for message in world.sent():
            if message.get_content_type() == "multipart/mixed" and b"REQUEST" in message.as_bytes():
                world.reply(message["To"].addresses[0].addr_spec, message, "ACCEPTED", now)
        now += timedelta(hours=12)
    return world


def later(world: World, now: datetime) -> datetime:
    """Passes until what waits for hours is out."""
    for _ in range(6):
        now += timedelta(hours=7)
        world.step(now)
    return now


def test_every_table_is_somebodys_or_nobodys() -> None:
    listed = [*owners.OF_MEETINGS, *owners.THEIRS, *owners.BY_THEMSELVES, *owners.NOBODYS]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(metadata.sorted_tables)


@ON_FILE
def test_nothing_is_left_of_her(played: World, log: io.StringIO) -> None:
    with played.engine.begin() as connection:
        plant(connection, (ZSOFIA, LEE, ZSOFIA), f"with {NAME}", letter(ZSOFIA))
        plant(connection, (SAM, "x@example.org", ZSOFIA), f"{NAME} and {ZSOFIA}", letter(SAM))
        planted = {found.partition(".")[0] for found in in_tables(connection, WORDS)}
    assert planted == {t.name for t in metadata.sorted_tables} - {
        t.name for t in owners.NOBODYS
    } - {
        "sign_ins",  # a digest
    }
    before = {table.name: rows(played, table) for table in metadata.sorted_tables}
    left(played)
    now = at("2027-01-26 20:00")
    account = forget(played, now)
    assert account.called_off
    assert account.waiting
    now = later(played, now)
    off = [m for m in played.sent() if b"METHOD:CANCEL" in m.as_bytes() or "CANCEL" in str(m)]
    assert {m["To"].addresses[0].addr_spec for m in off} == {LEE, ZSOFIA}
    assert set(kinds(played, "cancelled")) == {""}  # counted, and nobody's
    with reading(played.engine) as connection:
        assert in_tables(connection, WORDS) == []
    assert in_files(played.directory, WORDS) == []
    assert "mail_sent" in log.getvalue()
    assert in_bytes(log.getvalue().encode(), WORDS) == []
    # Others keep what is theirs.
    for name in ("pairs", "preferences", "agreements", "deadlines", "grants", "meetings"):
        assert having(SAM, before[name])
        assert having(SAM, rows(played, metadata.tables[name])), name
    record = document(played.engine, "", [])
    assert record["whole"]
    assert "forgot somebody" in {entry["kind"] for entry in record["entries"]}


def rows(world: World, table: Table) -> list[str]:
    with reading(world.engine) as connection:
        return [str(tuple(row)) for row in connection.execute(select(table))]


def having(word: str, lines: list[str]) -> list[str]:
    return [line for line in lines if word in line]


def count(world: World) -> tuple[int, dict[str, int]]:
    """What the programme counts: meetings held, and meetings by state."""
    with reading(world.engine) as connection:
        held = history.held_between(connection, MONDAY, at("2027-03-01 00:00"))
        weeks = history.by_week(connection, MONDAY)
        assert held == sum(week.held + week.assumed for week in weeks.values())
        return held, dict(figures(connection).meetings)


def test_what_it_counted_stays(played: World) -> None:
    held, by_state = count(played)
    assert held
    assert by_state["confirmed"]
    left(played)
    now = at("2027-01-26 20:00")
    account = forget(played, now)
    later(played, now)
    after, states = count(played)
    assert after == held
    assert states["held"] == by_state["held"]
    assert states["cancelled"] == by_state.get("cancelled", 0) + account.called_off
    with reading(played.engine) as connection:
        assert connection.execute(select(tallies)).all()


def test_who_was_told_is_printed(played: World) -> None:
    left(played)
    account = forget(played, at("2027-01-26 20:00"))
    lines = list(account_lines(account))
    text = "\n".join(lines)
    assert f"{ZSOFIA} is forgotten." in lines
    assert re.search(rf"2027-01-1\d \d\d:\d\d UTC  invite  {LEE}", text)
    assert re.search(rf"2027-01-1\d \d\d:\d\d UTC  invite  {ZSOFIA}", text)
    assert SAM not in text
    assert "called off" in text
    assert "Your own backups hold them" in text
    assert "outbox is such a mailbox" in text.replace("Mails in the folder ", "").replace(
        "are", "is"
    )
    told = account.as_json()
    json.dumps(told)
    assert {said["kind"] for said in told["told"]} >= {"invite", "prepare", "remind"}


def test_twice_is_as_once(played: World) -> None:
    left(played)
    now = at("2027-01-26 20:00")
    assert not forget(played, now).again
    forget(played, now + timedelta(minutes=1))  # while cancellations wait
    now = later(played, now)
    again = forget(played, now)
    assert again.again
    assert again.scrubbed
    assert "nothing more" in "\n".join(account_lines(again))
    later_still = now + timedelta(days=40)
    played.step(later_still)  # the digest of the address is gone too
    with pytest.raises(Refused, match=f"nothing is known of {ZSOFIA}"):
        forget(played, later_still)


def test_who_is_in_the_files_is_not_forgotten(world: World) -> None:
    enrolled(world)
    world.step(MONDAY)
    with pytest.raises(Refused) as refused:
        forget(world, MONDAY)
    places = {(Path(f.file).name, f.line) for f in refused.value.faults}
    assert places == {("people.csv", 2), ("pairs.csv", 2)}
    assert "take them out" in str(refused.value)
    with pytest.raises(Refused, match=r"people.csv:2.*boss@example.org is still"):
        forget(world, MONDAY, "boss@example.org")
    with pytest.raises(Refused, match=r"overlap.toml:\d+: coordinator@"):
        forget(world, MONDAY, "coordinator@example.org")
    with reading(world.engine) as connection:
        assert in_tables(connection, [ZSOFIA])


def test_nobody_is_forgotten_under_a_legal_hold(world: World) -> None:
    enrolled(world)
    world.step(MONDAY)
    left(world, '[privacy]\nhold = "Case 27-14"\n')
    with pytest.raises(
        Refused, match=r"overlap.toml:\d+: legal hold: Case 27-14; take privacy.hold"
    ):
        forget(world, MONDAY)
    world.step(MONDAY + timedelta(days=60))
    with reading(world.engine) as connection:
        assert in_tables(connection, [ZSOFIA])


def test_what_a_pass_under_way_wrote_of_them_goes_too(world: World) -> None:
    enrolled(world)
    world.step(MONDAY)
    left(world)
    forget(world, MONDAY)
    now = later(world, MONDAY) - timedelta(days=1)
    late = metadata.tables["preferences"].insert()
    with world.engine.begin() as connection:
        connection.execute(late.values(person=ZSOFIA, name="digest", value="yes", at=1))
    world.step(now)
    with reading(world.engine) as connection:
        assert in_tables(connection, WORDS) == []


@dataclass
class Provider:
    """Gives grants back, or says that only their owner can, or fails."""

    answer: bool | ProviderError
    revoked: list[str] = field(default_factory=list)

    def consent(self, calendar: str) -> Consent:
        return cast("Consent", self)

    def revoke(self, token: str) -> bool:
        if isinstance(self.answer, ProviderError):
            raise self.answer
        self.revoked.append(token)
        return self.answer


@ON_FILE
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (True, "The access to google:own@gmail.example is given back."),
        (False, "They must withdraw it"),
        (ProviderError("Google can't be reached", mend="try again"), "They must withdraw it"),
    ],
)
def test_a_consent_is_given_back(world: World, answer: bool | ProviderError, says: str) -> None:
    enrolled(world)
    world.step(MONDAY)
    key = 'key = "file:store.key"\n'
    (world.directory / "store.key").write_text(base64.b64encode(bytes(32)).decode())
    left(world, f"[store]\n{key}")
    with world.engine.begin() as connection:
        account = "google:own@gmail.example"
        grants.save(connection, account, "refresh", bytes(32), MONDAY)
        digest = hashlib.sha256(account.encode()).hexdigest()
        mine = tables.calendars.update().where(tables.calendars.c.person == ZSOFIA)
        connection.execute(mine.values(url_digest=digest))
    provider = Provider(answer)
    told = forget(world, MONDAY, asks=provider)
    assert says in "\n".join(account_lines(told))
    assert provider.revoked == ([] if isinstance(answer, ProviderError) else ["refresh"])
    assert rows(world, tables.grants) == []


@ON_FILE
def test_backups_are_named_with_their_end(world: World) -> None:
    enrolled(world)
    world.step(MONDAY)
    left(world)
    backup = world.directory / "overlap.db.20270105T120000Z.bak"
    backup.write_bytes(b"old")
    other = world.directory / "overlap.db.mine.bak"
    other.write_bytes(b"mine")
    lines = "\n".join(account_lines(forget(world, MONDAY)))
    assert f"{backup} still holds them. It is deleted on 2027-02-04" in lines
    world.step(at("2027-02-03 12:00"))
    assert backup.exists()
    world.step(at("2027-02-05 12:00"))
    assert not backup.exists()
    assert other.exists()


@ON_FILE
def test_a_restored_backup_brings_nobody_back_for_long(world: World) -> None:
    enrolled(world)
    world.step(MONDAY)
    copy = world.directory / "copy.db"
    url = world.engine.url
    back_up(Path(str(url.database)), copy)
    left(world)
    forget(world, MONDAY)
    now = later(world, MONDAY)
    before = document(world.engine, "", [])["head"]
    world.close()
    assert restore(url, copy, now).carried
    world._engine = None
    with reading(world.engine) as connection:
        assert in_tables(connection, WORDS)
    assert document(world.engine, "", [])["head"] == before
    now += timedelta(days=1)
    world.step(now)
    with reading(world.engine) as connection:
        assert in_tables(connection, WORDS) == []
    record = document(world.engine, "", [read_head(before)])
    assert record["whole"], record["breaks"]


@ON_FILE
def test_records_go_by_themselves_years_after(world: World) -> None:
    enrolled(world)
    world.step(MONDAY)
    left(world)
    for day in ("2027-02-01 12:00", "2030-07-01 12:00"):
        world.step(at(day))
        with reading(world.engine) as connection:
            assert in_tables(connection, [ZSOFIA])
    world.step(at("2030-08-05 12:00"))
    with reading(world.engine) as connection:
        assert in_tables(connection, WORDS) == []
    assert in_files(world.directory, WORDS) == []


def verb(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "daemon.py", "--config", str(world.directory), *words]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
    )


def test_the_verbs(world: World) -> None:
    enrolled(world)
    world.step(MONDAY)
    refused = verb(world, "forget", ZSOFIA)
    assert refused.returncode == 2
    assert re.search(r"people.csv:2: .* is still in the programme; take them out", refused.stderr)
    left(world)
    assert verb(world, "forget", "nobody@example.org").returncode == 2
    done = verb(world, "forget", ZSOFIA.upper(), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["person"] == ZSOFIA
    again = verb(world, "forget", ZSOFIA)
    assert again.returncode == 0, again.stderr
    record = verb(world, "audit", "--json")
    assert record.returncode == 0, record.stderr
    assert json.loads(record.stdout)["whole"]
    assert verb(world, "audit", ZSOFIA).returncode in (0, 2)
    world.step(MONDAY + timedelta(hours=1))
