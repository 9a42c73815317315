"""Partners' own choices by mail: away, other hours, the end; what follows, and who hears of it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from email.message import EmailMessage

import pytest

from mentoring.meeting import LIVE
from service.work import reading
from store import choices, meetings
from store.booking import Booking
from tests.world import DANA, LEE, World, at, body, calendar_of, event_in, kinds, to

MONDAY = at("2027-01-11 12:00")
SOON = timedelta(minutes=10)
OFFICE = "coordinator@example.org"


def invited(world: World) -> tuple[EmailMessage, EmailMessage]:
    world.step(MONDAY)
    messages = world.sent()
    return to(messages, DANA)[0], to(messages, LEE)[0]


def both_accept(world: World) -> datetime:
    """The first meeting is confirmed; when that is."""
    for_dana, for_lee = invited(world)
    world.reply(DANA, for_dana, "ACCEPTED", MONDAY)
    world.reply(LEE, for_lee, "ACCEPTED", MONDAY)
    return MONDAY


def code_in(message: EmailMessage, word: str) -> str:
    return body(message).partition(f"{word} ")[2][:16]


def say(world: World, person: str, text: str, *headers: str) -> None:
    head = "\r\n".join([f"From: {person}", f"Subject: {text}", *headers])
    world.drop(f"{head}\r\n\r\n".encode())


def live(world: World) -> list[Booking]:
    with reading(world.engine) as connection:
        history = meetings.of_pair(connection, LEE, DANA)
    return [b for b in history if b.meeting.state in LIVE]


def held_choices(world: World) -> list[choices.Kept]:
    with reading(world.engine) as connection:
        return choices.holding(connection)


def without_person(world: World, now: datetime, name: str) -> None:
    """Nothing that this status says names somebody."""
    assert name not in str(world.status(now)["reason"])


def test_a_meeting_in_the_days_away_moves_and_none_is_proposed_till_they_are_back(
    world: World,
) -> None:
    _, for_lee = invited(world)
    code = code_in(for_lee, "AWAY")
    say(world, LEE, f"Re: AWAY {code} 2027-01-12 2027-01-31")
    world.step(MONDAY + SOON)
    messages = world.sent()
    (moved,) = [m for m in to(messages, DANA) if str(m["Subject"]).startswith("Moved")]
    assert event_in(moved).decoded("dtstart") >= at("2027-02-01 00:00")
    assert "Lee Park" not in body(moved).split("Before:")[1].split("You meet")[0]
    (told,) = [m for m in to(messages, LEE) if "away" in str(m["Subject"])]
    assert "Tue 12 Jan 2027 to Sun 31 Jan 2027" in body(told)
    assert re.search(r"UNDO [0-9a-f]{16}", body(told))
    assert [m for m in to(messages, DANA) if "away" in body(m).split("Away, other")[0]] == []


def test_while_away_the_pair_is_paused_and_nobody_is_named(world: World) -> None:
    _, for_lee = invited(world)
    code = code_in(for_lee, "AWAY")
    world.reply(DANA, for_lee, "DECLINED", MONDAY)
    say(world, LEE, f"AWAY {code} 2027-01-11 2027-03-14")
    world.step(MONDAY + SOON)
    assert live(world) == []
    status = world.status(MONDAY)
    assert (status["state"], status["reason"]) == ("paused", "until 2027-03-14")
    assert kinds(world, "noslot") == []
    for day in (10, 30, 60):
        assert world.step(MONDAY + timedelta(days=day)).counts["proposed"] == 0
    assert world.status(MONDAY)["state"] == "paused"
    assert world.step(at("2027-03-15 12:00")).counts["proposed"] == 1


def test_back_ends_it(world: World) -> None:
    _, for_lee = invited(world)
    code = code_in(for_lee, "AWAY")
    say(world, LEE, f"AWAY {code} 2027-01-11 2027-03-14")
    world.step(MONDAY + SOON)
    world.sent()
    say(world, LEE, f"back {code}")
    assert world.step(MONDAY + 2 * SOON).counts["proposed"] == 1
    (told,) = [m for m in to(world.sent(), LEE) if str(m["Subject"]).startswith("Undone")]
    assert "not away any more" in body(told)
    assert held_choices(world) == []


def test_other_hours_move_the_meeting_and_can_be_taken_back(world: World) -> None:
    for_dana, _ = invited(world)
    start = live(world)[0].meeting.slot.start
    code = code_in(for_dana, "HOURS")
    say(world, DANA, f"HOURS {code} Mon-Fri 16:00-17:00")
    world.step(MONDAY + SOON)
    world.step(at("2027-01-11 16:10"))  # her new hours hold for her mail too
    messages = world.sent()
    assert live(world)[0].meeting.slot.start.astimezone(MONDAY.tzinfo).hour == 16
    (told,) = [m for m in to(messages, DANA) if "other hours" in str(m["Subject"])]
    assert "Mon-Fri 16:00-17:00, from Mon 11 Jan 2027 until further notice" in body(told)
    assert start != live(world)[0].meeting.slot.start
    say(world, DANA, f"UNDO {code_in(told, 'UNDO')}")
    world.step(at("2027-01-11 16:20"))
    assert held_choices(world) == []
    assert "usual hours hold again" in body(to(world.sent(), DANA)[-1])


@pytest.mark.parametrize(
    ("rest", "first", "last"),
    [
        ("Mon 09:00-15:00", date(2027, 1, 11), None),
        ("2027-02-01 Mon 09:00-15:00", date(2027, 2, 1), None),
        ("2027-02-01 2027-02-05 Mon 09:00-15:00", date(2027, 2, 1), date(2027, 2, 5)),
    ],
)
def test_hours_by_mail_from_a_day_until_a_day(
    world: World, rest: str, first: date, last: date | None
) -> None:
    for_dana, _ = invited(world)
    say(world, DANA, f"HOURS {code_in(for_dana, 'HOURS')} {rest}")
    world.step(MONDAY + SOON)
    (kept,) = held_choices(world)
    assert (kept.choice.first, kept.choice.last) == (first, last)
    assert kept.choice.value == "Mon 09:00-15:00"


@pytest.mark.parametrize(
    ("word", "rest", "said"),
    [
        ("AWAY", "two weeks", "year-month-day"),
        ("AWAY", "2027-03-14 2027-03-01", "before the first"),
        ("AWAY", "2027-01-01 2027-01-05", "are over"),
        ("AWAY", "2027-03-01 2072-03-14", "more than a year"),
        ("HOURS", "whenever", "can't be read"),
        ("BACK", "", "not away"),
    ],
)
def test_what_is_not_understood_is_answered_once_with_the_right_form(
    world: World, word: str, rest: str, said: str
) -> None:
    for_dana, _ = invited(world)
    code = code_in(for_dana, "AWAY")
    say(world, DANA, f"{word} {code} {rest}")
    world.step(MONDAY + SOON)
    world.step(MONDAY + 2 * SOON)
    (told,) = world.sent()
    assert said in body(told)
    form = re.search(rf"(AWAY|HOURS) {code} (.+)", body(told))
    assert form is not None
    assert held_choices(world) == []
    say(world, DANA, form[0])  # the form that it gives is a right one
    world.step(MONDAY + 3 * SOON)
    assert len(held_choices(world)) == 1


def test_an_automatic_mail_is_never_answered(world: World) -> None:
    for_dana, _ = invited(world)
    code = code_in(for_dana, "AWAY")
    say(world, DANA, f"Re: AWAY {code} whenever", "Auto-Submitted: auto-replied")
    say(world, DANA, f"Re: END {code}", "Precedence: bulk")
    world.step(MONDAY + SOON)
    assert world.sent() == []


def test_the_end_takes_two_steps_and_names_nobody(world: World) -> None:
    both_accept(world)
    world.step(MONDAY + SOON)
    world.sent()
    with reading(world.engine) as connection:
        heard = len(live(world))
        assert meetings.of_pair(connection, LEE, DANA)
    code = _own_code(world, DANA)
    say(world, DANA, f"END {code}")
    world.step(MONDAY + 2 * SOON)
    (asked,) = world.sent()
    assert asked["To"].addresses[0].addr_spec == DANA
    assert len(live(world)) == heard  # nothing has ended yet
    say(world, DANA, f"CONFIRM {code_in(asked, 'CONFIRM')}")
    world.step(MONDAY + 3 * SOON)
    messages = world.sent()
    assert live(world) == []
    assert world.status(MONDAY)["state"] == "ended"
    for_lee = to(messages, LEE)
    assert any(calendar_of(m)["method"] == "CANCEL" for m in for_lee if _has_calendar(m))
    assert sum("has ended" in str(m["Subject"]) for m in for_lee) == 1
    assert sum("Ended:" in str(m["Subject"]) for m in to(messages, OFFICE)) == 1
    for mail in (*for_lee, *to(messages, OFFICE)):
        assert not re.search(r"(Dana Lee|Dana) (ended|asked|wants)", body(mail))
    assert "UNDO" in "".join(body(m) for m in to(messages, DANA))
    for day in (1, 3, 20):
        world.step(MONDAY + timedelta(days=day))
    assert world.sent() == []  # once, and nothing more


def _has_calendar(message: EmailMessage) -> bool:
    return any(part.get_content_type() == "text/calendar" for part in message.walk())


def _own_code(world: World, person: str) -> str:
    """The code in a partner's own letters."""
    folder = world.directory / "outbox" / "new"
    for path in folder.iterdir():
        found = re.search(rb"AWAY ([0-9a-f]{16})", path.read_bytes())
        if found and f"To: {'Dana' if person == DANA else 'Lee'}".encode() in path.read_bytes():
            return found[1].decode()
    raise AssertionError("no letter has a code")


def test_an_end_that_is_taken_back_lets_the_pair_go_on(world: World) -> None:
    for_dana, _ = invited(world)
    say(world, DANA, f"END {code_in(for_dana, 'END')}")
    world.step(MONDAY + SOON)
    asked = world.sent()[-1]
    say(world, DANA, f"CONFIRM {code_in(asked, 'CONFIRM')}")
    world.step(MONDAY + 2 * SOON)
    told = next(m for m in to(world.sent(), DANA) if "UNDO" in body(m))
    say(world, DANA, f"UNDO {code_in(told, 'UNDO')}")
    assert world.step(MONDAY + 3 * SOON).counts["proposed"] == 1
    assert world.status(MONDAY)["state"] == "proposed"
    assert [b.number for b in live(world)] == [2]


def test_a_confirmation_of_long_ago_ends_nothing(world: World) -> None:
    for_dana, _ = invited(world)
    say(world, DANA, f"END {code_in(for_dana, 'END')}")
    world.step(MONDAY + SOON)
    code = code_in(world.sent()[-1], "CONFIRM")
    say(world, DANA, f"CONFIRM {code}")
    world.step(MONDAY + timedelta(days=15))
    assert held_choices(world) == []


def test_a_code_does_only_what_it_is_for_and_for_its_owner(world: World) -> None:
    for_dana, for_lee = invited(world)
    hers, his = code_in(for_dana, "AWAY"), code_in(for_lee, "AWAY")
    assert hers != his
    for word in ("CONFIRM", "UNDO", "PICK", "AGREE"):
        say(world, DANA, f"{word} {hers}")
    say(world, DANA, "AWAY 0123456789abcdef 2027-03-01 2027-03-14")
    world.step(MONDAY + SOON)
    assert (world.sent(), held_choices(world)) == ([], [])
    say(world, LEE, f"AWAY {his} 2027-03-01 2027-03-14")
    say(world, DANA, f"BACK {hers}")
    world.step(MONDAY + 2 * SOON)
    assert [kept.choice.person for kept in held_choices(world)] == [LEE]


def test_the_same_mail_twice_is_one_choice(world: World) -> None:
    _, for_lee = invited(world)
    for _ in range(2):
        say(world, LEE, f"AWAY {code_in(for_lee, 'AWAY')} 2027-03-01 2027-03-14")
    say(world, LEE, f"Re: AWAY {code_in(for_lee, 'AWAY')} 2027-03-01 2027-03-14")
    world.step(MONDAY + SOON)
    assert len(held_choices(world)) == 1
    assert len(kinds(world, "chosen")) == 1
