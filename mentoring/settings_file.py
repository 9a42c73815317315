"""Reading overlap.toml: the programme, its defaults, and where things are."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mentoring.roster import Agreement, Programme, Settings
from mentoring.settings_sections import File, ProgrammeSection
from mentoring.tables import LARGEST_FILE, Fault, decode, nearest, quoted

FILE = "overlap.toml"
_YEARS = (2000, 2100)
SELDOMEST = timedelta(days=31)
"""A pair meets once a month at the least."""
_MONTHS = 12
"""How long a programme lasts, where its file does not say."""


@dataclass(frozen=True)
class SettingsFile:
    """overlap.toml as values."""

    programme: Programme
    agreement: Agreement
    summary_every: str
    settings: Settings
    links: tuple[str, ...] = ()


def read_settings(raw: bytes) -> tuple[SettingsFile | None, list[Fault]]:
    """The file's values, or every fault in it."""
    if len(raw) > LARGEST_FILE:
        return None, [Fault(FILE, 1, "the file is larger than 50 MB", "shorten it")]
    text = decode(raw).replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and numbers beyond Python's digit limit
        return None, [_syntax(error)]
    except RecursionError:
        return None, [Fault(FILE, 1, "the file is nested too deep", "flatten it")]
    try:
        parsed = File.model_validate(data)
    except ValidationError as error:
        return None, [_fault(text, detail) for detail in error.errors()]
    faults = list(_contradictions(text, parsed))
    return (None, faults) if faults else (_values(parsed), [])


def _syntax(error: ValueError) -> Fault:
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    what = str(error).partition(" (at ")[0]
    line = int(found[1]) if found else 1
    return Fault(FILE, line, f"not TOML: {what}", "check quotation marks and brackets")


def _fault(text: str, detail: ErrorDetails) -> Fault:
    path = [str(part) for part in detail["loc"]]
    line, where = line_of(text, path), ".".join(path)
    if detail["type"] == "missing":
        return Fault(FILE, line, f"{where} is missing", "add it")
    if detail["type"] == "extra_forbidden":
        return Fault(
            FILE, line, f"there is no setting {quoted(where)}", nearest(path[-1], _known(path))
        )
    context = detail.get("ctx", {})
    return Fault(
        FILE,
        line,
        f"{where}: {context.get('message', detail['msg'])}",
        str(context.get("mend", "see the sample in config/overlap.toml")),
    )


def _known(path: list[str]) -> list[str]:
    """The names allowed where an unknown one stands."""
    model: type[BaseModel] = File
    for part in path[:-1]:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    return list(model.model_fields)


def line_of(text: str, path: list[str]) -> int:
    """The line of a key, else of its section, else the first; an item of a list is its key's."""
    if path[-1].isdigit():
        path = path[:-1]
    section, best = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if header := re.match(r"\[+\s*([^\]]+?)\s*\]+", bare):
            section = header[1].replace('"', "")
            if section == path[0]:
                best = number
        elif (section == ".".join(path[:-1]) and _key(bare) == path[-1]) or (
            section == "" and _key(bare) == path[0]
        ):
            return number
    return best


def _key(line: str) -> str:
    return line.partition("=")[0].strip().strip("\"'") if "=" in line else ""


def _contradictions(text: str, parsed: File) -> Iterator[Fault]:
    programme, agreement = parsed.programme, parsed.agreement
    if not _YEARS[0] <= programme.start.year <= _YEARS[1]:
        yield _odd_year(text, "start", programme.start)
        return
    end = _end(programme)
    if programme.end and programme.months:
        line = line_of(text, ["programme", "months"])
        yield Fault(FILE, line, "programme.end and programme.months are both there", "remove one")
    if end < programme.start:
        line = line_of(text, ["programme", "end"])
        yield Fault(FILE, line, "programme.end is before programme.start", "swap the two dates")
    if end.year > _YEARS[1]:
        yield _odd_year(text, "end", end)
    if agreement.every < timedelta(days=1):
        line = line_of(text, ["agreement", "every"])
        yield Fault(FILE, line, "agreement.every is shorter than a day", 'write "1 week" or so')
    if agreement.every > SELDOMEST:
        line = line_of(text, ["agreement", "every"])
        yield Fault(FILE, line, "agreement.every is longer than a month", 'write "month" or less')
    if agreement.horizon <= agreement.notice:
        line = line_of(text, ["agreement", "horizon"])
        yield Fault(FILE, line, "agreement.horizon is not longer than notice", "make it longer")


def _odd_year(text: str, name: str, day: date) -> Fault:
    line = line_of(text, ["programme", name])
    return Fault(FILE, line, f"programme.{name} is in the year {day.year}", "check the year")


def _end(programme: ProgrammeSection) -> date:
    """The last day: as written, or after so many months."""
    if programme.end:
        return programme.end
    years, month = divmod(programme.start.month - 1 + (programme.months or _MONTHS), 12)
    first = date(programme.start.year + years, month + 1, 1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    if programme.start.day > last.day:  # as from 29 February, a year that has none later
        return last
    return first.replace(day=programme.start.day) - timedelta(days=1)


def _values(parsed: File) -> SettingsFile:
    agreement = parsed.agreement.model_dump()
    agreement["buffer"] = timedelta(minutes=agreement["buffer"])
    programme = parsed.programme
    return SettingsFile(
        programme=Programme(
            name=programme.name,
            organiser=programme.organiser,
            timezone=programme.timezone,
            start=programme.start,
            end=_end(programme),
            coordinator=programme.coordinator,
            holidays=programme.holidays,
        ),
        agreement=Agreement(**agreement),
        summary_every=parsed.summary.every,
        links=tuple(parsed.cohort.links),
        settings=Settings(
            store=parsed.store.url,
            store_keys=parsed.store.key,
            mail=_present(parsed.mail),
            calendar=_present(parsed.calendar),
            web=parsed.web.model_dump(exclude={"coordinators"}),
            coordinators=tuple(parsed.web.coordinators),
            tls=_present(parsed.tls),
            records_years=parsed.privacy.records_years,
            hold=" ".join(parsed.privacy.hold.split()),
            allow=tuple(parsed.calendars.allow),
            monitor=_present(parsed.monitor),
            providers={
                "caldav": _present(parsed.caldav),
                "google": _present(parsed.google),
                "microsoft365": _present(parsed.microsoft365),
                "exchange": _present(parsed.exchange),
            },
        ),
    )


def _present(section: BaseModel) -> Mapping[str, Any]:
    return section.model_dump(exclude_none=True)
