"""Supervisors' summaries: eight situations as files to look at, and each employee once a period.

`OVERLAP_GOLDEN=renew` writes the files anew: look at them before you keep them.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image

from mentoring.choices import Choice, ChoiceKind
from mentoring.letter import Letter
from mentoring.meeting import State
from service.summaries import section_now
from store import choices, outbox
from tests.service.summary_cases import ANA, BOSS, CASES, DANA, KIM, LEE, READERS, Scene
from tests.world import at

GOLDEN = Path(__file__).parent / "golden" / "summary"
RENEW = os.environ.get("OVERLAP_GOLDEN") == "renew"
every_case = pytest.mark.parametrize("case", CASES)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(tmp_path / "programme")
    yield scene
    scene.world.close()


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_of(message: EmailMessage) -> str:
    part = message.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def pngs(message: EmailMessage) -> list[EmailMessage]:
    return [part for part in message.walk() if part.get_content_type() == "image/png"]


def files_of(case: str, message: EmailMessage) -> dict[str, bytes]:
    """What is kept of a mail: a page that shows its pictures from the files beside it."""
    name = case.replace(" ", "-")
    text = f"Subject: {message['Subject']}\n\n{text_of(message)}"
    html, found = html_of(message), {}
    for number, part in enumerate(pngs(message), 1):
        file = f"{name}-{number}.png"
        html = html.replace(f"cid:{str(part['Content-ID']).strip('<>')}", file)
        found[file] = part.get_content()
    return {f"{name}.txt": text.encode(), f"{name}.html": html.encode(), **found}


def same(file: str, ours: bytes, kept: bytes) -> bool:
    """Pictures are compared as they look: packing may differ between libraries."""
    if not file.endswith(".png"):
        return ours.decode().splitlines() == kept.decode().splitlines()
    one, other = (Image.open(io.BytesIO(raw)).convert("RGB") for raw in (ours, kept))
    return one.size == other.size and one.tobytes() == other.tobytes()


@every_case
def test_a_summary_looks_as_it_was_approved(case: str, scene: Scene) -> None:
    CASES[case](scene)
    scene.summarise()
    files = files_of(case, scene.mail_to(READERS.get(case, BOSS)))
    if RENEW:
        for name, content in files.items():
            (GOLDEN / name).write_bytes(content)
    for name, content in files.items():
        assert same(name, content, (GOLDEN / name).read_bytes()), name


@every_case
def test_no_private_word_and_no_other_person_is_in_it(case: str, scene: Scene) -> None:
    CASES[case](scene)
    scene.summarise()
    message = scene.mail_to(READERS.get(case, BOSS))
    told = message.as_string() + text_of(message) + html_of(message)
    for word in ("CANARY", "Denver", "Wynkoop", "Pacific", "PST", LEE, ANA, KIM):
        assert word not in told or word == READERS.get(case), word
    mine = {"Dana Lee"} | ({"Kim Ito"} if case == "two people one supervisor" else set())
    mine |= {"Lee Park"} if case in ("private meeting", *READERS) else set()
    for name in {"Dana Lee", "Kim Ito", "Lee Park", "Ana Ruiz"} - mine:
        assert name not in told, name


def test_numbers_of_all_met(scene: Scene) -> None:
    """45 minutes were said in the mean, an hour assumed, a lunch is none of it."""
    CASES["all met"](scene)
    scene.summarise()
    text = text_of(scene.mail_to(BOSS))
    assert "1.75 of 2 agreed duty hours used (+1 lunch, not duty time)" in text
    assert "3 held (2 confirmed, 1 assumed) · 2 planned" in text
    assert "Thu 18 Feb 2027: Forum, virtual" in text


def test_leave_and_a_late_start_lower_what_was_agreed(scene: Scene) -> None:
    CASES["on leave"](scene)
    scene.summarise()
    assert "1 of 1 agreed duty hours" in text_of(scene.mail_to(BOSS))


def test_a_private_meeting_is_counted_and_not_dated(scene: Scene) -> None:
    CASES["private meeting"](scene)
    scene.summarise()
    message = scene.mail_to(BOSS)
    text = text_of(message)
    assert "2 held · 2 planned" in text
    assert "2 of 2 agreed duty hours" in text
    assert "1 planned meeting touches a deadline, and is being moved:\n  1 without its date" in text
    assert "2 meetings are counted above without a date." in text
    for day in ("23 Feb 2027", "9 Mar 2027"):
        assert day not in text + html_of(message)


def test_the_picture_is_part_of_the_mail_where_outlook_and_gmail_find_it(scene: Scene) -> None:
    CASES["two people one supervisor"](scene)
    scene.summarise()
    message = scene.mail_to(BOSS)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
    ]
    html = html_of(message)
    for part in pngs(message):
        cid = str(part["Content-ID"]).strip("<>")
        assert f'src="cid:{cid}" width="552" height="160" alt="' in html
        assert part.get_content_disposition() == "inline"
        with Image.open(io.BytesIO(part.get_content())) as picture:
            assert picture.size == (1104, 320)
            assert "A" not in picture.convert().getbands()
    (related,) = [p for p in message.walk() if p.get_content_type() == "multipart/related"]
    assert related.get_param("type") == "text/html"
    assert len(html.encode()) < 102_000  # Gmail shows no more


def test_fifteen_people_are_shown_whole_in_gmail(scene: Scene) -> None:
    """It cuts a message off at 102 KB."""
    CASES["all met"](scene)
    for number in range(14):
        row = scene.people[DANA].replace(DANA, f"p{number}@example.org")
        scene.people[f"p{number}"] = row.replace("Dana Lee", f"Person {number}")
        scene.pairs.append(f"{LEE},p{number}@example.org,")
    scene.write()
    scene.summarise()
    message = scene.mail_to(BOSS)
    assert message["Subject"] == "Mentoring update for 15 people: February 2027"
    assert len(html_of(message).encode()) < 102_000


def test_subjects_name_two_where_they_fit(scene: Scene) -> None:
    CASES["two people one supervisor"](scene)
    scene.summarise()
    subject = "Mentoring update for Dana Lee and Kim Ito: February 2027"
    assert scene.mail_to(BOSS)["Subject"] == subject
    assert scene.mail_to(DANA)["Subject"] == "Mentoring update for Dana Lee: February 2027"


def test_the_employee_reads_the_same_section_and_nobody_elses(scene: Scene) -> None:
    CASES["two people one supervisor"](scene)
    scene.summarise()
    theirs, mine = text_of(scene.mail_to(BOSS)), text_of(scene.mail_to(DANA))
    begin = "Dana Lee, February 2027"
    section = theirs[theirs.index(begin) : theirs.index("Kim Ito, February 2027")].strip()
    section = section.replace("moved for your deadline", "moved for a deadline")
    assert section in mine
    assert "Kim" not in mine
    assert "https://mentoring.example.org/told/" in mine
    assert "DEADLINE" not in mine
    assert "https://mentoring.example.org/deadline/" in theirs
    assert "Reply: DEADLINE 8 Mar to 12 Mar" in theirs


def keys(scene: Scene) -> set[str]:
    return set(scene.queued())


FEBRUARY = "2027-02-01..2027-02-28"


def both(person: str, days: str = FEBRUARY) -> set[str]:
    return {f"summary:{person}:{days}:{reader}" for reader in (person, BOSS)}


def test_one_mail_a_supervisor_and_period_once(scene: Scene) -> None:
    CASES["two people one supervisor"](scene)
    for _ in range(2):
        scene.summarise()
    told = both(DANA) | {f"summary:{KIM}:{FEBRUARY}:{KIM}"}
    assert keys(scene) == told
    scene.now += timedelta(days=20)
    scene.summarise()
    assert keys(scene) == told


def test_who_is_added_later_is_told_of_once_and_the_others_not_again(scene: Scene) -> None:
    scene.summarise()
    assert keys(scene) == both(DANA)
    scene.pairs.append(f"{ANA},{KIM},")
    scene.write()
    for _ in range(2):
        scene.summarise()
    assert keys(scene) == both(DANA) | both(KIM)
    late = scene.queued()[f"summary:{KIM}:{FEBRUARY}:{BOSS}"]
    assert "Dana" not in text_of(late)


def test_what_was_said_before_this_version_is_not_said_again(scene: Scene) -> None:
    """It mailed a supervisor once for each employee, under the same keys."""
    CASES["two people one supervisor"](scene)
    before = both(DANA) | both(KIM)
    with scene.world.engine.begin() as connection:
        for key in before:
            letter = Letter(f"<{key}>", "mentoring@example.org", key.rpartition(":")[2], b"x")
            outbox.enqueue(connection, key=key, kind="summary", letter=letter, now=scene.now)
    scene.summarise()
    assert keys(scene) == before


def test_another_supervisor_does_not_get_a_period_again(scene: Scene) -> None:
    scene.summarise()
    scene.people[DANA] = scene.people[DANA].replace(BOSS, "new@example.org")
    scene.write()
    scene.summarise()
    assert keys(scene) == both(DANA)


def test_other_dates_of_the_programme_tell_no_day_twice(scene: Scene) -> None:
    scene.now = at("2027-08-02 10:00")
    scene.summarise()
    assert keys(scene) == both(DANA, "2027-07-01..2027-07-30")
    settings = scene.directory / "overlap.toml"
    settings.write_text(settings.read_text().replace("end = 2027-07-30", "end = 2027-09-30"))
    scene.summarise()
    assert keys(scene) == both(DANA, "2027-07-01..2027-07-30")
    scene.now = at("2027-09-01 10:00")
    scene.summarise()
    assert both(DANA, "2027-08-01..2027-08-31") <= keys(scene)


def test_a_quiet_pair_is_told_of_and_one_that_has_not_begun_is_not(scene: Scene) -> None:
    scene.pairs = [f"{LEE},{DANA},", f"{ANA},{KIM},2027-03-01"]
    scene.write()
    scene.summarise()
    assert keys(scene) == both(DANA)
    assert "0 held" in text_of(scene.mail_to(BOSS))


def test_after_the_programme_there_is_one_last_summary(scene: Scene) -> None:
    CASES["programme over"](scene)
    for days in (0, 5, 32, 64):
        scene.now = at("2027-08-02 10:00") + timedelta(days=days)
        scene.summarise()
    assert keys(scene) == both(DANA, "2027-07-01..2027-07-30")
    text = text_of(scene.mail_to(BOSS))
    assert "week 29 of 29, finished" in text
    assert "DEADLINE" not in text


def test_a_partners_leave_shows_nowhere(scene: Scene) -> None:
    """When the partner is away is the pair's business: the agreed hours stay."""
    scene.exceptions = [f"{LEE},2027-02-08,2027-02-19,off,CANARY"]
    scene.write()
    away = Choice(LEE, ChoiceKind.AWAY, date(2027, 2, 1), date(2027, 2, 5))
    with scene.world.engine.begin() as connection:
        choices.add(connection, away, scene.now)
    scene.summarise()
    assert "0 of 2 agreed duty hours" in text_of(scene.mail_to(BOSS))


def test_what_will_be_told_is_known_before(scene: Scene) -> None:
    """The page for employees shows the period that is running."""
    CASES["all met"](scene)
    scene.now = at("2027-02-25 10:00")
    with scene.world.engine.begin() as connection:
        section = section_now(scene.work(), connection, scene.roster.people[DANA])
    assert section.last == at("2027-02-28 00:00").date()
    assert (section.held, section.assumed, section.lunches) == (3, 1, 1)
    scene.now = at("2027-03-02 10:00")
    scene.summarise()
    assert "3 held (2 confirmed, 1 assumed)" in text_of(scene.mail_to(BOSS))


@pytest.mark.parametrize("willing", [(), (DANA,), (LEE,), (DANA, LEE)])
def test_a_partner_is_named_only_if_both_want_it(scene: Scene, willing: tuple[str, ...]) -> None:
    scene.name_both(*willing)
    scene.summarise()
    message = scene.mail_to(BOSS)
    named = "Lee Park" in text_of(message) + html_of(message)
    assert named is (len(willing) == 2)
    assert ("Partner     mentoring partner" in text_of(message)) is not named


def test_a_former_partners_meetings_count(scene: Scene) -> None:
    scene.meeting("2027-02-09 13:00", said=(60, 60))
    scene.pairs = [f"{ANA},{DANA},"]
    scene.write()
    scene.summarise()
    assert "1 held" in text_of(scene.mail_to(BOSS))


def test_a_meeting_that_is_running_late_is_no_conflict(scene: Scene) -> None:
    """Only what is planned can move for a deadline."""
    scene.exceptions = [f"{DANA},2027-03-01,2027-03-05,deadline,"]
    scene.write()
    scene.meeting("2027-03-01 13:00", State.CONFIRMED)
    scene.summarise()
    assert "No deadline conflicts" in text_of(scene.mail_to(BOSS))
