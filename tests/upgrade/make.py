"""Makes the store of an earlier version, by that version's own code.

    git worktree add ../earlier a8e1bf9 && cd ../earlier && PYTHONPATH=. \
        python ../overlap/tests/upgrade/make.py ../overlap/tests/upgrade/a8e1bf9.tar.xz

The sample programme of that version is played for five weeks, with partners who answer by mail; its
files, its inbox, its store and its newest mails are the fixture.
"""

import base64
import email
import email.policy
import shutil
import sys
import tarfile
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from integrations.registry import Ports
from mentoring.agenda import ItemKind
from service.grants import StoredGrants
from service.passes import begin, full_pass
from service.roster_source import load
from store import agenda, agreements, meetings, outbox
from store.database import migrate, open_engine, resolve_url
from tests.demo.partners import answer_mail, calendar_in

FIRST = datetime.fromisoformat("2027-01-11T12:00:00-05:00")
DAYS = 35


def play(directory: Path) -> None:
    toml = directory / "overlap.toml"
    text = toml.read_text().replace('inbox = ""', 'inbox = "maildir:inbox"')
    text = text.replace("[store]\n", '[store]\nkey = "file:store.key"\n')
    toml.write_text(text + '\n[web]\nbase_url = "https://mentoring.example.org"\n')
    (directory / "store.key").write_text(base64.b64encode(bytes(32)).decode())
    roster = load(directory)
    engine = open_engine(resolve_url(roster.settings.store, directory))
    migrate(engine, now=FIRST)
    ports = Ports(roster, directory)
    seen: set[str] = set()
    declined = False
    for hour in range(0, DAYS * 24, 6):
        now = FIRST + timedelta(hours=hour)
        full_pass(begin(roster, engine, ports, now))
        new = directory / "outbox" / "new"
        for path in sorted(new.iterdir()) if new.is_dir() else []:
            if path.name in seen:
                continue
            seen.add(path.name)
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            calendar = calendar_in(path.read_bytes())
            if calendar is None or str(calendar["method"]) != "REQUEST":
                continue
            person = message["To"].addresses[0].addr_spec
            event = calendar.walk("VEVENT")[0]
            answer = "ACCEPTED" if declined or "chloe" not in person else "DECLINED"
            declined = declined or answer == "DECLINED"
            inbox = directory / "inbox" / "new"
            inbox.mkdir(parents=True, exist_ok=True)
            raw = answer_mail(person, event, "REPLY", answer, now)
            (inbox / f"{len(list(inbox.iterdir())):05d}.old").write_bytes(raw)
        if hour == 48:  # both sign
            with engine.begin() as connection:
                for pair in roster.pairs:
                    for version in agreements.versions(connection, *pair.key):
                        for person in pair.key:
                            agreements.sign(connection, *pair.key, version.number, person, now)
    with engine.begin() as connection:
        live = meetings.live(connection)[0]
        agenda.add(connection, live.uid, live.meeting.mentor, ItemKind.TOPIC, "A first topic", now)
        assert outbox.count(connection, outbox.QUEUED)  # mail waits for morning
    StoredGrants.of(roster, directory, engine).save("google:amara@example.org", "an old grant")
    engine.dispose()  # which empties the log into the file


def main(target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "programme"
        shutil.copytree("config", directory, ignore=shutil.ignore_patterns("overlap.db*", "outbox"))
        play(directory)
        for path in sorted((directory / "outbox").rglob("*")):
            if path.is_file():
                path.write_bytes(b"")  # that a mail went out is told by its name
        with tarfile.open(target, "w:xz", preset=9) as tar:
            for path in sorted(directory.rglob("*")):
                if path.is_file() and not path.name.endswith((".lock", "-wal", "-shm")):
                    tar.add(path, str(path.relative_to(directory)))


main(sys.argv[1])
