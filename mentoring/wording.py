"""Times, dates and lengths as people read them; words around them belong to the templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.numbers import format_decimal

from mentoring.interval import Interval

_LONGEST_ZONE = 5
_WIDEST = 40


@dataclass(frozen=True)
class SpokenTime:
    """A stretch on one wall clock: "Tue 12 Jan 2027", "1:00 – 2:00 PM", "EST", "UTC−05:00"."""

    day: str
    hours: str
    zone: str
    offset: str

    @property
    def whole(self) -> str:
        zone = self.zone if self.zone.startswith("UTC") else f"{self.zone} ({self.offset})"
        return f"{self.day}, {self.hours} {zone}"


def tag(language: str) -> str:
    """A language code as HTML has it: `ES-mx` is es-MX, `zh-hans` zh-Hans."""
    primary, *rest = language.split("-")
    regions = (part.upper() if len(part) == 2 else part.title() for part in rest)
    return "-".join([primary.lower(), *regions])


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """The locale of a language code; English for one that is not known."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")


def direction(language: str) -> str:
    """`ltr` or `rtl`, as HTML's `dir` wants it."""
    return str(locale_of(language).text_direction)


@lru_cache(maxsize=512)
def spoken(interval: Interval, zone: str, language: str) -> SpokenTime:
    tz, locale = ZoneInfo(zone), locale_of(language)
    start, end = interval.start.astimezone(tz), interval.end.astimezone(tz)
    return SpokenTime(
        day=spoken_day(start.date(), language),
        hours=_hours(start, end, locale),
        zone=_zone_name(start, locale),
        offset=_offset(start),
    )


def spoken_day(day: date, language: str) -> str:
    """ "Tue 12 Jan 2027": the weekday first, the month in letters, so that nobody misreads it."""
    return format_date(day, "EEE d MMM y", locale=locale_of(language)).replace(".", "")


def short_day(day: date, language: str) -> str:
    """ "7 Dec": a day without its year."""
    return format_date(day, "d MMM", locale=locale_of(language)).replace(".", "")


def column(text: str, width: int, right: bool = False) -> str:
    """A cell of a table in plain text, `width` characters wide."""
    room = min(width, _WIDEST)
    return text.rjust(room) if right else text.ljust(room)


def weekday(start: datetime, zone: str, language: str) -> str:
    """ "Tuesday": the day of an instant on a wall clock."""
    return format_date(start.astimezone(ZoneInfo(zone)).date(), "EEEE", locale_of(language))


def weekday_name(number: int, language: str) -> str:
    """ "Tuesday" for 1: Monday is 0."""
    name: str = locale_of(language).days["stand-alone"]["wide"][number]
    return name


def spoken_number(number: float, language: str) -> str:
    """1.5 as the language writes it."""
    return format_decimal(number, locale=locale_of(language))


def spoken_days(first: date, last: date, language: str) -> str:
    """A period: a day or a whole month by its name, else its first and last day."""
    if first == last:
        return spoken_day(first, language)
    locale = locale_of(language)
    whole_month = first.day == 1 and (last + timedelta(days=1)).day == 1
    if whole_month and (first.month, first.year) == (last.month, last.year):
        return str(format_skeleton("yMMMM", first, locale=locale))
    end = format_date(last, "d MMM y", locale=locale)
    pattern = "d" if (first.month, first.year) == (last.month, last.year) else "d MMM"
    if first.year != last.year:
        pattern = "d MMM y"
    return f"{format_date(first, pattern, locale=locale)} – {end}"


def short_time(start: datetime, zone: str, language: str) -> str:
    """For subjects: "Tue 12 Jan, 1:00 PM ET"."""
    tz, locale = ZoneInfo(zone), locale_of(language)
    local = start.astimezone(tz)
    day = format_date(local.date(), "EEE d MMM", locale=locale).replace(".", "")
    return f"{day}, {_time(local, locale)} {_short_zone(local, locale)}"


def spoken_minutes(minutes: int) -> str:
    """Hours as a number: 150 minutes are "2.5"."""
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".")


def _hours(start: datetime, end: datetime, locale: Locale) -> str:
    first, last = _time(start, locale), _time(end, locale)
    for suffix in ("AM", "PM", "a.m.", "p.m."):
        if first.endswith(suffix) and last.endswith(suffix) and start.date() == end.date():
            first = first.removesuffix(suffix).rstrip()
    return f"{first}–{last}"


def _time(local: datetime, locale: Locale) -> str:
    time: str = format_time(local.timetz(), "short", tzinfo=local.tzinfo, locale=locale)
    return time.replace("\u202f", " ").replace("\xa0", " ")


def _zone_name(local: datetime, locale: Locale) -> str:
    name = local.tzname() or ""
    return name if name.isalpha() else _offset(local)


def _short_zone(local: datetime, locale: Locale) -> str:
    """The generic abbreviation of the language or else of English ("ET"), else the day's own."""
    for known in (locale, Locale("en")):
        generic = get_timezone_name(local, width="short", zone_variant="generic", locale=known)
        if generic.isalpha() and generic.isascii() and len(generic) <= _LONGEST_ZONE:
            return generic
    return _zone_name(local, locale)


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
