"""The road of one meeting: proposed, answered, moved, confirmed, held, called off."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest

from integrations.ports import BusySource, Entry, Organiser, ProviderError, Showing, Shown
from integrations.registry import Ports
from mentoring.interval import Interval
from mentoring.meeting import Attendance, Partstat, State
from mentoring.roster import Person
from service.acts import Done, skip_proposal
from service.booking import stamp
from service.work import reading
from store import meetings
from tests.world import DANA, EMPTY, LEE, PAIRS, PEOPLE, World, at, calendar_of, event_in, to

MONDAY = at("2027-01-11 12:00")


def invited(world: World) -> tuple[EmailMessage, EmailMessage]:
    """The first proposal, as each of the two got it."""
    assert world.step(MONDAY).counts["proposed"] == 1
    messages = world.sent()
    return to(messages, DANA)[0], to(messages, LEE)[0]


def start_of(message: EmailMessage) -> datetime:
    start = event_in(message).decoded("dtstart")
    assert isinstance(start, datetime)
    return start


def confirmed(world: World) -> datetime:
    """Both accept; the meeting's start."""
    for_dana, for_lee = invited(world)
    world.reply(DANA, for_dana, "ACCEPTED", MONDAY)
    world.reply(LEE, for_lee, "ACCEPTED", MONDAY)
    assert world.step(MONDAY + timedelta(hours=1)).counts["confirmed"] == 1
    return start_of(for_dana)


def test_a_proposal_reaches_both_with_one_uid(world: World) -> None:
    for_dana, for_lee = invited(world)
    assert event_in(for_dana)["uid"] == event_in(for_lee)["uid"]
    assert event_in(for_dana)["sequence"] == 0
    assert calendar_of(for_dana)["method"] == "REQUEST"
    assert start_of(for_dana) >= MONDAY + timedelta(days=2)
    assert world.status(MONDAY)["state"] == "proposed"


def test_the_same_instant_again_sends_nothing(world: World) -> None:
    invited(world)
    again = world.step(MONDAY)
    assert again.counts["sent"] == 0
    assert again.counts["proposed"] == 0
    assert world.sent() == []


def test_both_accept_and_it_is_confirmed(world: World) -> None:
    confirmed(world)
    assert world.status(MONDAY)["state"] == "confirmed"


def test_an_answer_code_in_a_subject_accepts_too(world: World) -> None:
    for_dana, for_lee = invited(world)
    for who, invite in ((DANA, for_dana), (LEE, for_lee)):
        text = invite.get_body(("plain",))
        assert text is not None
        line = next(w for w in text.get_content().splitlines() if w.strip().startswith("ACCEPT "))
        world.drop(f"From: {who}\r\nSubject: Re: {line.strip()}\r\n\r\n".encode())
    assert world.step(MONDAY + timedelta(hours=1)).counts["confirmed"] == 1


def test_a_stranger_cannot_answer(world: World) -> None:
    for_dana, _ = invited(world)
    world.reply("mallory@example.net", for_dana, "DECLINED", MONDAY)
    assert world.step(MONDAY + timedelta(hours=1)).counts["reproposed"] == 0
    assert world.status(MONDAY)["state"] == "proposed"


def test_a_decline_moves_it_under_the_same_uid(world: World) -> None:
    for_dana, for_lee = invited(world)
    world.reply(DANA, for_dana, "DECLINED", MONDAY)
    later = MONDAY + timedelta(hours=1)
    assert world.step(later).counts["reproposed"] == 1
    moved = to(world.sent(), LEE)[0]
    assert event_in(moved)["uid"] == event_in(for_dana)["uid"]
    assert event_in(moved)["sequence"] == 1
    assert start_of(moved) != start_of(for_dana)
    assert str(moved["Subject"]).startswith("Moved to")
    assert moved["In-Reply-To"] == for_lee["Message-ID"]


def test_an_answer_to_an_older_time_does_not_count(world: World) -> None:
    for_dana, for_lee = invited(world)
    world.reply(DANA, for_dana, "DECLINED", MONDAY)
    world.step(MONDAY + timedelta(hours=1))
    moved = to(world.sent(), DANA)[0]
    world.reply(LEE, for_lee, "ACCEPTED", MONDAY)
    world.reply(DANA, moved, "ACCEPTED", MONDAY + timedelta(hours=1))
    assert world.step(MONDAY + timedelta(hours=2)).counts["confirmed"] == 0
    assert world.status(MONDAY)["state"] == "proposed"


def test_three_declines_end_with_several_times_to_pick_from(world: World) -> None:
    now = MONDAY
    invite = invited(world)[0]
    for _ in range(3):
        world.reply(DANA, invite, "DECLINED", now)
        now += timedelta(hours=1)
        world.step(now)
        messages = world.sent()
        invite = to(messages, DANA)[0]
    assert calendar_of(invite)["method"] == "CANCEL"
    assert event_in(invite)["sequence"] == 3
    asked = [m for m in messages if str(m["Subject"]).startswith("Pick a time")]
    assert {m["To"].addresses[0].addr_spec for m in asked} == {DANA, LEE}
    assert to(messages, "coordinator@example.org") == []
    assert world.status(now)["state"] == "waiting"
    assert "asked to pick one" in str(world.status(now)["reason"])


def test_a_counter_that_suits_is_taken(world: World) -> None:
    for_dana, _ = invited(world)
    start = start_of(for_dana) + timedelta(days=1)
    world.reply(
        DANA, for_dana, "TENTATIVE", MONDAY, dtstart=start, dtend=start + timedelta(hours=1)
    )
    world.step(MONDAY + timedelta(hours=1))
    moved = to(world.sent(), LEE)[0]
    assert start_of(moved) == start
    assert event_in(moved)["sequence"] == 1
    world.reply(LEE, moved, "ACCEPTED", MONDAY + timedelta(hours=1))
    assert world.step(MONDAY + timedelta(hours=2)).counts["confirmed"] == 1


@pytest.mark.parametrize(
    ("hour", "why"), [(19, "outside the work hours"), (15, "not free for both")]
)
def test_a_counter_that_does_not_suit_is_declined(world: World, hour: int, why: str) -> None:
    world.calendar("lee", (at("2027-01-20 15:00"), at("2027-01-20 16:00")))
    for_dana, _ = invited(world)
    start = at(f"2027-01-20 {hour}:00")
    world.reply(
        DANA, for_dana, "TENTATIVE", MONDAY, dtstart=start, dtend=start + timedelta(hours=1)
    )
    world.step(MONDAY + timedelta(hours=1))
    (answer,) = world.sent()
    assert calendar_of(answer)["method"] == "DECLINECOUNTER"
    body = answer.get_body(("plain",))
    assert body is not None
    assert why in " ".join(body.get_content().split())
    assert world.status(MONDAY)["start"] == stamp(start_of(for_dana))


def test_a_conflict_that_appears_later_moves_it(world: World) -> None:
    start = confirmed(world)
    world.sent()
    world.calendar("dana", (start, start + timedelta(minutes=30)))
    assert world.step(MONDAY + timedelta(hours=2)).counts["reproposed"] == 1
    moved = to(world.sent(), DANA)[0]
    moved_slot = Interval(start_of(moved), start_of(moved) + timedelta(hours=1))
    assert not moved_slot.overlaps(Interval(start, start + timedelta(minutes=30)))
    body = moved.get_body(("plain",))
    assert body is not None
    assert "no longer free for both" in body.get_content()


def test_the_meeting_in_a_partners_own_calendar_is_no_conflict(world: World) -> None:
    for_dana, _ = invited(world)
    event = event_in(for_dana)
    start, end = start_of(for_dana), event.decoded("dtend")
    world.calendar("dana", (start, end))
    path = world.directory / "dana.ics"
    path.write_text(path.read_text().replace("dana-0@example.org", str(event["uid"])))
    assert world.step(MONDAY + timedelta(hours=1)).counts["reproposed"] == 0


def test_an_unanswered_proposal_is_nudged_twice_then_moved(world: World) -> None:
    world.write(agreement='[agreement]\nnotice = "10 days"\n')
    for_dana, _ = invited(world)
    nudged = []
    now = MONDAY
    while now < start_of(for_dana) - timedelta(hours=28):
        now += timedelta(hours=4)
        assert world.step(now).counts["reproposed"] == 0
        nudged += [m for m in world.sent() if "reply is missing" in str(m["Subject"])]
    assert len(to(nudged, DANA)) == len(to(nudged, LEE)) == 2
    assert world.step(now + timedelta(hours=4)).counts["reproposed"] == 1


def test_who_was_not_looked_at_for_days_is_nudged_once(world: World) -> None:
    world.write(agreement='[agreement]\nnotice = "10 days"\n')
    invited(world)
    for minutes in (0, 0, 15):
        world.step(MONDAY + timedelta(days=8, hours=1, minutes=minutes))
    nudged = [m for m in world.sent() if "reply is missing" in str(m["Subject"])]
    assert len(to(nudged, DANA)) == len(to(nudged, LEE)) == 1


def test_a_reminder_goes_to_both_once(world: World) -> None:
    start = confirmed(world)
    reminders = []
    now = MONDAY + timedelta(hours=2)
    while now < start:
        world.step(now)
        reminders += [m for m in world.sent() if str(m["Subject"]).startswith("Coming up")]
        now += timedelta(hours=2)
    assert sorted(m["To"].addresses[0].addr_spec for m in reminders) == [DANA, LEE]


def test_a_confirmed_meeting_is_held_after_five_working_days(world: World) -> None:
    start = confirmed(world)
    world.step(start + timedelta(days=4))
    assert world.status(start)["held"] == 0
    world.step(start + timedelta(days=9))
    assert world.status(start)["held"] == 1


def test_the_next_meeting_is_proposed_a_rhythm_later_while_the_first_is_ahead(world: World) -> None:
    start = confirmed(world)
    following = start_of(to(world.sent(), DANA)[-1])
    assert timedelta(days=12) <= following - start <= timedelta(days=16)
    assert world.status(MONDAY)["state"] == "confirmed"  # the first one's


def test_one_proposal_is_open_at_a_time_and_three_meetings_are_held_ahead(world: World) -> None:
    world.write(agreement='[agreement]\nevery = "1 week"')
    now, uids = MONDAY, set()
    for _ in range(8):
        world.step(now)
        sent = world.sent()
        invites = [m for m in to(sent, DANA) if m["Subject"].startswith("Proposed")]
        assert len(invites) <= 1
        for invite in [*invites, *(m for m in to(sent, LEE) if "Proposed" in m["Subject"])]:
            uids.add(str(event_in(invite)["uid"]))
            who = invite["To"].addresses[0].addr_spec
            world.reply(who, invite, "ACCEPTED", now)
        now += timedelta(hours=1)
    assert len(uids) == 3


def test_mail_waits_for_the_readers_hours(world: World) -> None:
    early = at("2027-01-11 10:00")  # seven in Los Angeles
    first = world.step(early)
    for_dana = len(to(world.sent(), DANA))
    assert first.counts["held_back"] == for_dana  # he is owed what she got
    assert to(world.sent(), LEE) == []
    world.step(at("2027-01-11 11:00"))
    assert len(to(world.sent(), LEE)) == for_dana


def test_a_move_near_the_meeting_is_sent_at_night(world: World) -> None:
    start = confirmed(world)
    world.sent()
    night = start - timedelta(hours=11)
    world.calendar("lee", (start, start + timedelta(hours=1)))
    world.step(night)
    assert len(to(world.sent(), LEE)) == 1


def test_a_pair_taken_out_of_the_roster_is_called_off(world: World) -> None:
    for_dana, _ = invited(world)
    world.write(pairs="mentor,mentee\n")
    world.step(MONDAY + timedelta(hours=1))
    off = to(world.sent(), DANA)[0]
    assert calendar_of(off)["method"] == "CANCEL"
    assert event_in(off)["uid"] == event_in(for_dana)["uid"]
    assert event_in(off)["status"] == "CANCELLED"


def test_hours_that_change_move_the_meeting(world: World) -> None:
    invited(world)
    world.write(people=PEOPLE.replace("Mon-Fri 09:00-17:00", "Fri 09:00-17:00"))
    assert world.step(MONDAY + timedelta(hours=1)).counts["reproposed"] == 1


def test_no_invite_goes_out_over_an_unreadable_calendar(world: World) -> None:
    (world.directory / "dana.ics").unlink()
    work = world.step(MONDAY)
    assert (work.counts["unreadable"], work.counts["proposed"]) == (1, 0)
    assert world.status(MONDAY)["state"] == "waiting"
    assert "Dana Lee" in str(world.status(MONDAY)["reason"])
    told = to(world.sent(), DANA)
    assert [str(m["Subject"]) for m in told] == ["Reconnect your calendar"]
    world.step(MONDAY + timedelta(hours=1))
    assert world.sent() == []
    world.calendar("dana")
    assert world.step(MONDAY + timedelta(hours=2)).counts["proposed"] == 1


def test_a_calendar_that_is_suddenly_empty_is_doubted_once(world: World) -> None:
    days = [at("2027-01-11 09:00") + timedelta(days=n) for n in range(40)]
    world.calendar("dana", *((day, day + timedelta(hours=8)) for day in days))
    assert world.step(MONDAY).counts["unschedulable"] == 1
    (world.directory / "dana.ics").write_text(EMPTY)
    assert world.step(MONDAY + timedelta(hours=1)).counts["proposed"] == 0
    assert world.step(MONDAY + timedelta(hours=2)).counts["proposed"] == 1


def test_no_common_hour_is_said_and_never_booked(world: World) -> None:
    world.write(people=PEOPLE.replace("Mon-Fri 08:00-16:00", "Mon-Fri 18:00-22:00"))
    work = world.step(MONDAY)
    assert (work.counts["unschedulable"], work.counts["proposed"]) == (1, 0)
    assert world.status(MONDAY)["state"] == "unschedulable"
    (told,) = to(world.sent(), "coordinator@example.org")
    body = told.get_body(("plain",))
    assert body is not None
    assert "opened" in body.get_content()
    world.step(MONDAY + timedelta(hours=1))
    assert world.sent() == []


def test_a_partner_without_a_calendar_is_taken_at_their_hours(world: World) -> None:
    world.write(people=PEOPLE.replace("file:lee.ics", ""))
    for_dana, _ = invited(world)
    body = for_dana.get_body(("plain",))
    assert body is not None
    assert "No calendar is connected for Lee Park" in body.get_content()


def test_a_shared_mentor_is_never_in_two_meetings(world: World) -> None:
    third = "Kim Roe,kim@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n"
    world.write(people=PEOPLE + third, pairs=f"{PAIRS}lee@example.org,kim@example.org\n")
    assert world.step(MONDAY).counts["proposed"] == 2
    starts = {start_of(m) for m in to(world.sent(), LEE)}
    first, second = sorted(starts)
    assert second - first >= timedelta(hours=1)


def test_a_supervisor_hears_once_a_month_and_the_employee_sees_the_copy(world: World) -> None:
    confirmed(world)
    world.step(at("2027-01-15 12:00"))
    world.sent()
    first = at("2027-02-01 12:00")
    world.step(first)
    messages = world.sent()
    updates = [m for m in messages if str(m["Subject"]).startswith("Mentoring update")]
    assert {m["To"].addresses[0].addr_spec for m in updates} == {"boss@example.org", DANA}
    for message in to(updates, "boss@example.org"):
        assert "Lee Park" not in message.as_string()
        assert LEE not in message.as_string()
    world.step(first + timedelta(days=1))
    assert [m for m in world.sent() if str(m["Subject"]).startswith("Mentoring update")] == []


class _Faulty(Ports):
    """Real ports, but one partner's adapter fails in a way that nobody foresaw."""

    def busy_source(self, person: Person) -> BusySource:
        if person.email == LEE:
            raise RuntimeError("not foreseen")
        return super().busy_source(person)


def test_what_an_adapter_did_not_foresee_stops_only_its_own_pair(world: World) -> None:
    third = "Kim Roe,kim@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n"
    world.write(people=PEOPLE + third, pairs=f"{PAIRS}dana@example.org,kim@example.org\n")
    world.ports = _Faulty
    work = world.step(MONDAY)
    assert (work.counts["proposed"], work.counts["unreadable"]) == (1, 1)
    assert "failed unexpectedly" in str(world.status(MONDAY)["reason"])


@dataclass
class _Refusing:
    """A programme's calendar that takes some meetings and refuses others."""

    permanent: bool
    taken: int
    asked: list[str] = field(default_factory=list)
    shown: dict[str, Shown] = field(default_factory=dict)
    makes: frozenset[str] = frozenset()

    def publish(self, entry: Entry) -> str:
        self.asked.append(entry.uid)
        if len(set(self.asked)) > self.taken:
            self.shown[entry.uid] = Shown(entry.uid, entry.slot)
            return ""
        raise ProviderError("it says no", mend="ask its owner", permanent=self.permanent)

    def withdraw(self, uid: str) -> None:
        self.shown.pop(uid, None)

    def find(self, uid: str) -> Shown | None:
        return self.shown.get(uid)

    def showing(self, window: Interval, cursor: str | None) -> Showing:
        return Showing(tuple(self.shown.values()), "")


def shown_in(calendar: Organiser) -> type[Ports]:
    """The outside world with this calendar as the programme's own."""

    class Office(Ports):
        def organiser(self) -> Organiser:
            return calendar

    return Office


@pytest.mark.parametrize(
    ("permanent", "refused", "asked", "shown"),
    [(True, 4, 5, 1), (False, 1, 5, 4), (False, 5, 3, 0)],
    ids=["some are refused for good", "one fails for now", "it is down"],
)
def test_a_meeting_that_the_calendar_refuses_holds_up_no_other(
    world: World, permanent: bool, refused: int, asked: int, shown: int
) -> None:
    names = ["Ann", "Ben", "Cid", "Eve", "Flo"]
    people = "".join(
        f"{n} Roe,{n}@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n" for n in names
    )
    pairs = "".join(f"dana@example.org,{n}@example.org\n" for n in names)
    world.write(people=PEOPLE + people, pairs="mentor,mentee\n" + pairs)
    calendar = _Refusing(permanent, refused)

    world.ports = shown_in(calendar)
    world.step(MONDAY)
    assert (len(calendar.asked), len(calendar.shown)) == (asked, shown)


@pytest.mark.parametrize("link", ["", "https://meet.example.org/new"])
def test_what_a_page_does_while_the_calendar_is_told_holds(world: World, link: str) -> None:
    """The coordinator skips the proposal, and a partner answers, while it is being shown."""
    skipped: list[Done] = []

    class Slow(_Refusing):
        def publish(self, entry: Entry) -> str:
            self.shown[entry.uid] = Shown(entry.uid, entry.slot, {DANA: "DECLINED"})
            page = world.work(MONDAY)
            with world.engine.begin() as connection:
                meetings.save_side(connection, entry.uid, Attendance(LEE, Partstat.ACCEPTED))
                skipped.append(skip_proposal(page, connection, "office", page.roster.pairs[0]))
            return link

    calendar = Slow(permanent=False, taken=0)

    world.ports = shown_in(calendar)
    world.step(MONDAY)
    with reading(world.engine) as connection:
        (booking,) = meetings.of_pair(connection, LEE, DANA)
    assert skipped == [Done.SKIPPED_MEETING]
    assert (booking.meeting.state, booking.meeting.sequence) == (State.CANCELLED, 1)
    sides = {side.email: (side.partstat, side.shown) for side in booking.meeting.attendances}
    assert sides == {LEE: ("ACCEPTED", ""), DANA: ("NEEDS-ACTION", "DECLINED")}
    assert [to(world.sent(), who) for who in (DANA, LEE)] == [[], []]
    assert calendar.shown
    world.step(MONDAY + timedelta(hours=1))
    assert calendar.shown == {}


def test_what_a_page_calls_off_while_another_meeting_is_shown_never_shows(world: World) -> None:
    ann = "Ann Roe,ann@example.org,America/New_York,Mon-Fri 09:00-17:00,,\n"
    pairs = "mentor,mentee\n" + "".join(
        f"dana@example.org,{n}@example.org\n" for n in ("lee", "ann")
    )
    world.write(people=PEOPLE + ann, pairs=pairs)

    class Slow(_Refusing):
        def publish(self, entry: Entry) -> str:
            page = world.work(MONDAY)
            with world.engine.begin() as connection:
                for pair in page.roster.pairs:
                    (booking,) = meetings.of_pair(connection, *pair.key)
                    if booking.uid != entry.uid:
                        skip_proposal(page, connection, "office", pair)
            return super().publish(entry)

    calendar = Slow(permanent=False, taken=0)

    world.ports = shown_in(calendar)
    world.step(MONDAY)
    assert len(calendar.asked) == 1
    assert list(calendar.shown) == calendar.asked


def test_where_telling_meetings_apart_fails_each_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What one meeting can't be judged by holds up nobody's mail."""

    def odd(*_: object) -> list[str]:
        raise ArithmeticError

    for_dana, _ = invited(world)
    world.reply(DANA, for_dana, "DECLINED", MONDAY)
    monkeypatch.setattr("service.passes.restless", odd)
    counts = world.step(MONDAY + timedelta(hours=1)).counts
    assert (counts["reproposed"], counts["failed"]) == (1, 1)
    assert len(world.sent()) == 2
