"""Deadlines as people write them: "7 Dec to 11 Dec", "Dec 7-11", "7 dic a 11 dic", a name beside.

Whatever could mean two things, as 7/12 does, is refused rather than guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from mentoring.deadlines import LONGEST, Fault, fault_in

LONGEST_TEXT = 200
_MONTHS = (
    "jan january ene enero",
    "feb february febrero",
    "mar march marzo",
    "apr april abr abril",
    "may mayo",
    "jun june junio",
    "jul july julio",
    "aug august ago agosto",
    "sep sept september set septiembre setiembre",
    "oct october octubre",
    "nov november noviembre",
    "dec december dic diciembre",
)
# "mar" is March in both languages, and so no Tuesday of Spanish.
_WEEKDAYS = (
    "mon monday lun lunes",
    "tue tues tuesday martes",
    "wed weds wednesday mie miercoles",
    "thu thur thurs thursday jue jueves",
    "fri friday vie viernes",
    "sat saturday sab sabado",
    "sun sunday dom domingo",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_WEEKDAY = {name: number for number, names in enumerate(_WEEKDAYS) for name in names.split()}
_UNTIL = frozenset({"-", "to", "until", "till", "through", "thru", "a", "al", "hasta"})
_FILLERS = frozenset({"from", "de", "del", "desde", "el", "the", "of", "on", ","})
_FOR = frozenset({"for", "para"})
_TOKEN = re.compile(
    r"\s*(?:(?P<email>[^\s,;<>@]+@[^\s,;<>]+)"
    r"|(?P<iso>[0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])"
    r"|(?P<year>[12][0-9]{3})(?![0-9])"
    r"|(?P<number>[0-9]{1,2})(?!\.?[0-9])(?!/)(?:(?:st|nd|rd|th|o)(?![a-z])|\.)?"
    r"|(?P<word>[^\W\d_][^\W\d_'’]*)\.?"
    r"|(?P<mark>[-,]))"
)
_AMBIGUOUS = re.compile(
    r"[0-9]\s*[/.]\s*[0-9]|(?<![0-9])[0-9]{1,2}-[0-9]{1,2}-[0-9]{2}|\A[0-9\s-]+\Z"
)
_YEARS_TRIED = 9
"""29 February comes back after eight years at the latest."""


@dataclass(frozen=True)
class Days:
    """First and last day, both included; `people` the addresses they are for, empty for all."""

    first: date
    last: date
    people: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Token:
    """One word; `kind` is a letter: n(umber), y(ear), i(so date), m(onth), w(eekday), s (until),
    o(ther)."""

    kind: str
    text: str
    value: int = 0


def read_deadline(text: str, today: date, people: Sequence[tuple[str, str]]) -> Days | Fault:
    """The days that a text names, for all of `people` or for one of them (name, address).

    A date without a year is the next one that is not over. Never raises, whatever the text.
    """
    readings = _readings(text, today, people)
    sound = {d for d in readings if isinstance(d, Days) and not fault_in(d.first, d.last, today)}
    if len(sound) == 1:
        return sound.pop()
    if sound:
        return Fault.WHO
    faults = (r if isinstance(r, Fault) else fault_in(r.first, r.last, today) for r in readings)
    return min((fault for fault in faults if fault), default=_no_dates(text))


def read_day(text: str, today: date) -> date | None:
    """One day as somebody types it into a field: "2026-12-07", "7 Dec", "Dec 7, 2026"."""
    read = _dates(_tokens(text) or [], today)
    return read[0] if isinstance(read, tuple) and read[0] == read[1] else None


def written(first: date, last: date, language: str) -> str:
    """Two days as `read_deadline` takes them, in Spanish or else in English: "7 Dec to 11 Dec"."""
    spanish = language.lower().partition("-")[0] == "es"
    until, months = (
        ("a", "ene feb mar abr may jun jul ago sep oct nov dic")
        if spanish
        else (
            "to",
            "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        )
    )
    one, two = (f"{day.day} {months.split()[day.month - 1]}" for day in (first, last))
    return f"{one} {until} {two}"


def _no_dates(text: str) -> Fault:
    return Fault.AMBIGUOUS if _AMBIGUOUS.search(_plain(text)) else Fault.DATES


def _plain(text: str) -> str:
    """Small letters without accents, one kind of dash, nothing invisible."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    kept = (
        "-" if unicodedata.category(c) == "Pd" or c == "\u2212" else c
        for c in folded
        if unicodedata.category(c) not in ("Mn", "Cf")
    )
    return "".join(kept).strip().rstrip(".!;")


def _tokens(text: str) -> list[_Token] | None:
    """The text in words, fillers left out; None where something in it is no word of ours."""
    if len(text) > LONGEST_TEXT:
        return None
    plain, at, found = _plain(text), 0, []
    while at < len(plain):
        match = _TOKEN.match(plain, at)
        if match is None:
            return None
        found.append(_token(match))
        at = match.end()
        if plain[at:].isspace():
            break
    return [token for token in found if token.kind]


def _token(match: re.Match[str]) -> _Token:
    kind, text = match.lastgroup or "", match[0].strip().rstrip(".")
    if kind in ("number", "year"):
        return _Token(kind[0], text, int(match[kind]))
    if kind == "iso":
        return _Token("i", text)
    if text in _UNTIL:
        return _Token("s", text)
    if text in _FILLERS:
        return _Token("", text)
    if text in _MONTH:
        return _Token("m", text, _MONTH[text])
    if text in _WEEKDAY:
        return _Token("w", text, _WEEKDAY[text])
    return _Token("o", text)


def _readings(text: str, today: date, people: Sequence[tuple[str, str]]) -> set[Days | Fault]:
    """Everything that a text may mean: for all, or for a person named first or last."""
    tokens = _tokens(text) or []
    wordings: list[tuple[list[_Token], tuple[str, ...]]] = [(tokens, ())]
    for name, address in people:
        called = list(_called(name, address))
        wordings += [(rest, (address,)) for words in called for rest in _without(tokens, words)]
    read = ((_dates(words, today), whom) for words, whom in wordings)
    return {Days(*d, people=whom) if isinstance(d, tuple) else d for d, whom in read if d}


def _called(name: str, address: str) -> Iterator[list[str]]:
    """How a person may be named: address, whole name, each part of it."""
    yield [address]
    parts = [token.text for token in _tokens(name) or []]
    yield parts
    if len(parts) > 1:
        yield from ([part] for part in parts)


def _without(tokens: list[_Token], called: list[str]) -> Iterator[list[_Token]]:
    """The words before or after a name, once for each end at which it stands."""
    size, words = len(called), [token.text for token in tokens]
    if not size:
        return
    for lead in (0, 1):
        named = words[lead : lead + size] == called
        if named and (not lead or words[0] in _FOR):
            yield tokens[lead + size :]
    if words[-size:] == called:
        rest = tokens[:-size]
        yield rest[:-1] if rest and rest[-1].text in _FOR else rest


_DAY = r"(?:nmy?|mny?)"
_RANGE = re.compile(rf"(?P<one>i|{_DAY})(?:s(?P<two>i|{_DAY}))?")
_SHARED = re.compile(r"nsnmy?|mnsny?")


def _dates(tokens: list[_Token], today: date) -> tuple[date, date] | Fault | None:
    """The days that nothing but dates name; None where the words are no dates."""
    kinds = "".join(token.kind for token in tokens if token.kind != "w")
    days = [token for token in tokens if token.kind != "w"]
    if _SHARED.fullmatch(kinds):
        one, two = _shared(days, kinds)
    elif match := _RANGE.fullmatch(kinds):
        cut = match.end("one")
        one, two = days[:cut], days[cut + 1 :] or days[:cut]
    else:
        return None
    found = _resolved(one, two, today)
    if isinstance(found, tuple) and not _weekdays_fit(tokens, found):
        return Fault.WEEKDAY
    return found


def _shared(days: list[_Token], kinds: str) -> tuple[list[_Token], list[_Token]]:
    """Both days of "7-11 Dec 2026" or "Dec 7-11": the month is said once."""
    numbers = [token for token in days if token.kind == "n"]
    rest = [token for token in days if token.kind in "my"]
    return [numbers[0], *rest], [numbers[1], *rest]


def _resolved(
    one: list[_Token], two: list[_Token], today: date
) -> tuple[date, date] | Fault | None:
    first_year, last_year = _year(one), _year(two)
    for year in range(today.year, today.year + _YEARS_TRIED):
        last = _date(two, last_year or year)
        if last is None:
            if last_year:
                return None
            continue
        if first_year and not last_year:
            last = _next_after(two, _date(one, first_year))
            if last is None:
                return None
        first = _date(one, first_year or last.year)
        if first and first > last and not first_year:
            before = _date(one, last.year - 1)
            first = before if before and last - before < LONGEST else first
        if first is None:
            return None
        if last >= today or first_year or last_year:
            return (first, last) if first <= last else Fault.ORDER
    return None


def _next_after(day: list[_Token], first: date | None) -> date | None:
    """A day without a year after one with a year."""
    if first is None:
        return None
    found = _date(day, first.year)
    return found if found and found >= first else _date(day, first.year + 1)


def _year(day: list[_Token]) -> int:
    """The year that is said; 0 for none."""
    if day[0].kind == "i":
        return int(day[0].text[:4])
    return next((token.value for token in day if token.kind == "y"), 0)


def _date(day: list[_Token], year: int) -> date | None:
    try:
        if day[0].kind == "i":
            return date.fromisoformat(day[0].text)
        by_kind = {token.kind: token.value for token in day}
        return date(year, by_kind["m"], by_kind["n"])
    except ValueError:
        return None


def _weekdays_fit(tokens: list[_Token], dates: tuple[date, date]) -> bool:
    """Whether weekdays that are said are those of the dates."""
    after = False
    for token in tokens:
        after = after or token.kind == "s"
        if token.kind == "w" and dates[after].weekday() != token.value:
            return False
    return True
