"""The curated cases by family; run as a program, one family's outcomes as JSON, within limits."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import structlog

from tests.hostile.answers import answer_cases
from tests.hostile.calendars import calendar_cases
from tests.hostile.case import Case
from tests.hostile.cells import cell_cases, roster_cases
from tests.hostile.fuzz import TooLong, bound_memory, limited
from tests.hostile.mails import mail_cases
from tests.hostile.objects import json_cases, web_cases
from tests.hostile.parsers import PARSERS
from tests.hostile.templates import template_cases

FAMILIES: Mapping[str, Callable[[], Iterator[Case]]] = {
    "answers": answer_cases,
    "calendars": calendar_cases,
    "cells": cell_cases,
    "json": json_cases,
    "mails": mail_cases,
    "roster": roster_cases,
    "templates": template_cases,
    "web": web_cases,
}


def every_case() -> Iterator[Case]:
    for family in FAMILIES.values():
        yield from family()


def _outcome(case: Case) -> dict[str, object]:
    began = time.process_time()
    try:
        with limited():
            outcome = PARSERS[case.parser](case.raw)
    except (Exception, TooLong) as error:
        outcome = f"{type(error).__name__}: {str(error)[:200]}"
    seconds = round(time.process_time() - began, 3)
    return {
        "case": f"{case.parser}: {case.name}",
        "outcome": outcome,
        "seconds": seconds,
        "may": sorted(case.may),
    }


if __name__ == "__main__":
    bound_memory()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    json.dump([_outcome(case) for case in FAMILIES[sys.argv[1]]()], sys.stdout)
