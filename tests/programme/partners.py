"""Virtual partners: they read their mail and answer by mail, calendar and page, as their mood is.

They know nothing but their mails, and reach nothing but the inbox and the pages.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from html import unescape

import httpx

from tests.demo.partners import answer_mail
from tests.programme.cohort import BASE_URL, CANARY, Member
from tests.programme.sent import Sent

Act = Callable[["Partners", Member, Sent, datetime], None]
_DAY = timedelta(days=1)


@dataclass
class Partners:
    """Everybody at their desks. `drop` puts a mail into the programme's inbox.

    `calendars` holds the times that came up in somebody's own calendar meanwhile.
    """

    people: Mapping[str, Member]
    drop: Callable[[bytes], None]
    dice: random.Random
    pages: httpx.Client = field(default_factory=httpx.Client)
    came_up: dict[str, list[tuple[datetime, datetime]]] = field(default_factory=dict)
    away: list[tuple[str, datetime, int]] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    _seen: dict[str, list[str]] = field(default_factory=dict)
    _todo: list[tuple[datetime, int, Callable[[datetime], None]]] = field(default_factory=list)

    def read(self, sent: Sent, now: datetime) -> None:
        """One mail is opened by its reader."""
        user = sent.reader.partition("@")[0]
        person = self.people.get(user) or Member(user.title(), "America/New_York")
        if act := _ACTS.get(sent.kind):
            act(self, person, sent, now)

    def live(self, now: datetime) -> None:
        """What was put off until now is done."""
        while self._todo and self._todo[0][0] <= now:
            heappop(self._todo)[2](now)

    def later(self, now: datetime, days: float, what: Callable[[datetime], None]) -> None:
        heappush(self._todo, (now + timedelta(days=days), self.dice.getrandbits(60), what))

    def write(self, person: Member, subject: str) -> None:
        """A plain mail: what counts stands in its subject."""
        self.said[subject.partition(" ")[0]] += 1
        number = self.dice.getrandbits(60)
        head = f"From: {person.email}\r\nMessage-ID: <{number}@example.org>\r\n"
        self.drop(f"{head}Subject: {subject}\r\n\r\n".encode())

    def command(self, person: Member, mail: Sent, word: str, rest: str = "") -> bool:
        """Answer with a word and its code, as the mail says; False where it names no such word."""
        found = re.search(rf"\b{word} ([0-9a-f]{{10,32}})\b", mail.text)
        if found:
            self.write(person, f"{word} {found[1]} {rest}".strip())
        return found is not None

    def press(self, mail: Sent, purpose: str, **fields: str | list[str]) -> bool:
        """Open the mail's link and press the button; False where the mail has no such link."""
        link = re.search(rf"{re.escape(BASE_URL)}(/{purpose}/\S+)", mail.text)
        if link is None:
            return False
        page = self.pages.get(link[1])
        hidden = dict(_hidden(page.text))
        if page.status_code != 200 or "form" not in hidden:
            return False
        answer = self.pages.post(link[1], data={**hidden, **fields})
        self.said[f"page {purpose}"] += 1
        return answer.status_code == 303

    def ask_to_sign_in(self, address: str) -> None:
        """The coordinator asks for a link at the door of their page."""
        answer = self.pages.post("/coordinator", data={"email": address})
        answer.raise_for_status()

    def reply(
        self, person: Member, invite: Sent, said: str, now: datetime, **times: datetime
    ) -> None:
        """Answer as a mail program does; with other times, a COUNTER."""
        self.said[said] += 1
        method = "COUNTER" if times else "REPLY"
        self.drop(answer_mail(person.email, invite.event, method, said, now, **times))

    def number(self, person: Member, what: str) -> int:
        """Which of a person's meetings (or else) this is, from 0, however often it is asked."""
        seen = self._seen.setdefault(person.user, [])
        if what not in seen:
            seen.append(what)
        return seen.index(what)

    def is_new(self, person: Member, what: str) -> bool:
        """Whether a person has never been asked this before."""
        before = len(self._seen.get(person.user, []))
        return self.number(person, what) == before


def _hidden(page: str) -> list[tuple[str, str]]:
    inputs = re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page)
    pairs = (re.search(r'name="([^"]*)".*value="([^"]*)"', tag) for tag in inputs)
    return [(found[1], unescape(found[2])) for found in pairs if found]


def _invited(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    event = mail.event
    number = at.number(person, str(event["uid"]))
    start, end = event.decoded("dtstart"), event.decoded("dtend")
    first = (
        at.number(person, f"{event['uid']} {event['sequence']}") == len(at._seen[person.user]) - 1
    )
    match person.mood:
        case "late" | "silent":
            return  # they answer when they are nudged, or not at all
        case "by mail" if at.command(person, mail, "ACCEPT"):
            return
        case "declines" | "never calm" if number in (2, 3, 4):
            at.reply(person, mail, "DECLINED", now)
            return
        case "counters" if first and str(event["sequence"]) == "0":
            hours = timedelta(hours=1 if at.dice.random() < 0.5 else 10)
            at.reply(person, mail, "TENTATIVE", now, dtstart=start + hours, dtend=end + hours)
            at.later(now, 2, lambda then: at.reply(person, mail, "ACCEPTED", then))
            return
        case "conflict" if at.dice.random() < 0.4:
            span = (start, end)
            at.later(now, 1, lambda _: at.came_up.setdefault(person.user, []).append(span))
        case "twice":
            at.later(now, 0.5, lambda then: at.reply(person, mail, "ACCEPTED", then))
        case "away" | "away by mail" | "ends":
            _own_choice(at, person, mail, now)
    at.reply(person, mail, "ACCEPTED", now)


def _own_choice(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    """In February and in July: away for two weeks, or the end."""
    month = f"{person.mood} in {now:%B}"
    if now.month not in (2, 7) or not at.is_new(person, month):
        return
    first, last = (now + n * _DAY for n in (5, 18))
    days = f"{first:%Y-%m-%d} {last:%Y-%m-%d}"
    if person.mood == "ends":
        if now.month == 7:
            at.press(mail, "choices", what="end for good")
        else:
            at.command(person, mail, "END")
        return
    fields = {"what": "away", "first": f"{first:%Y-%m-%d}", "last": f"{last:%Y-%m-%d}"}
    if at.press(mail, "choices", **fields):
        at.away.append((person.user, first, 13))
    elif at.command(person, mail, "AWAY", "sometime soon"):
        at.later(now, 1, lambda _: _away_by_mail(at, person, mail, first, days))


def _away_by_mail(at: Partners, person: Member, mail: Sent, first: datetime, days: str) -> None:
    at.command(person, mail, "AWAY", days)
    at.away.append((person.user, first, 13))


def _nudged(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    if person.mood == "silent" and at.dice.random() < 0.6:
        return
    at.command(person, mail, "ACCEPT")


def _welcomed(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    if at.press(mail, "preferences", prefer=["digest", "listed"]):
        return
    if at.dice.random() < 0.8:
        at.command(person, mail, "JOIN")


def _asked_to_approve(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    if not at.press(mail, "approve"):
        at.command(person, mail, "APPROVE")


def _agree(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    if person.mood == "silent":
        return
    if person.mood == "late" and not _is_reminder(mail):
        return
    amended = {"weeks": "3", "minutes": "45", "channel": "either", "share": "40"}
    conflicts = f"{CANARY}-CONFLICT-{person.user.upper()}"
    changes = person.mood == "counters" and at.is_new(person, "amended")
    if changes and at.press(mail, "agreement", do="amend", conflicts=conflicts, **amended):
        return
    if at.dice.random() < 0.5 and at.press(mail, "agreement", do="sign"):
        return
    at.command(person, mail, "AGREE")


def _is_reminder(mail: Sent) -> bool:
    return "still waits" in mail.text


def _prepare(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    text = f"{CANARY}-AGENDA-{person.user.upper()}"
    if at.dice.random() < 0.3:
        return
    if not at.press(mail, "agenda", kind="item", text=text):
        at.command(person, mail, "AGENDA", text)


def _met(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    steps = f"{CANARY}-STEP-{person.user.upper()}"
    chance = at.dice.random()
    if chance < 0.5 and at.press(mail, "met", met="yes", minutes="50", steps=steps):
        return
    if chance < 0.8:
        at.command(person, mail, "MET", "55")
    elif chance < 0.85:
        at.command(person, mail, "MISSED")


def _event(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    chance = at.dice.random()
    if chance < 0.3 and mail.ics:
        at.reply(person, mail, "ACCEPTED" if chance < 0.2 else "DECLINED", now)
    elif chance < 0.5 and at.press(mail, "event", answer="online"):
        return
    elif chance < 0.8:
        word = at.dice.choice(["COMING", "ONLINE", "ABSENT"])
        at.command(person, mail, word)


def _attended(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    chance = at.dice.random()
    if chance < 0.3 and at.press(mail, "attended", answer="yes"):
        return
    if chance < 0.8:
        at.command(person, mail, "YES" if chance < 0.6 else "NO")


def _brief(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    at.command(person, mail, "BOOK")


def _stretch(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    word = "NO" if person.mood == "never outside" else "YES"
    if not at.press(mail, "stretch", answer=word.lower()):
        at.command(person, mail, word)


def _propose(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    if person.mood == "silent":
        return
    if person.mood == "never calm":
        at.command(person, mail, "PICK", "none")
    elif at.is_new(person, "a slip of the pen"):
        at.command(person, mail, "PICK", "any of them")
        at.later(now, 1, lambda _: _pick(at, person, mail))
    elif not at.press(mail, "pick", suits=["1", "2", "3", "4"]):
        at.command(person, mail, "PICK", "1 2 3")


def _pick(at: Partners, person: Member, mail: Sent) -> None:
    at.command(person, mail, "PICK", "1 2")


def _summary(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    """Three supervisors enter deadlines by mail; one of them writes what could mean two days."""
    if person.user not in ("rita", "tess", "vera"):
        return
    number = at.number(person, mail.key)
    if number not in (1, 3):
        return
    monday = now + timedelta(days=14 - now.weekday())
    friday = monday + timedelta(days=4)
    days = f"{monday:%-d %b} to {friday:%-d %b}"
    at.write(person, "DEADLINE 7/12" if person.user == "vera" else f"DEADLINE {days}")


def _deadline(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    if person.user == "tess":
        at.command(person, mail, "UNDO")


def _confirm(at: Partners, person: Member, mail: Sent, now: datetime) -> None:
    at.command(person, mail, "CONFIRM")


_ACTS: Mapping[str, Act] = {
    "invite": _invited,
    "moved": _invited,
    "nudge": _nudged,
    "welcome": _welcomed,
    "approve": _asked_to_approve,
    "agree": _agree,
    "prepare": _prepare,
    "log": _met,
    "event": _event,
    "event_moved": _event,
    "attended": _attended,
    "brief": _brief,
    "stretch": _stretch,
    "propose": _propose,
    "endcheck": _confirm,
    "summary": _summary,
    "deadlinecheck": _confirm,
    "deadline": _deadline,
}
