"""What a partner prefers, and a supervisor's approval."""

from __future__ import annotations

from service import welcome
from service.welcome import APPROVE, DIGEST, DUTY_HOURS, LISTED, NAMED, NO, PREFERENCES, YES
from service.work import Work, reading
from store import approvals, preferences
from web.forms import Form, Page, Shown, Visit

_NAMES = (DIGEST, LISTED, NAMED)


def _preferences(visit: Visit) -> Shown:
    with reading(visit.work.engine) as connection:
        said = {name: preferences.read(connection, visit.person.email, name) for name in _NAMES}
    return Shown("preferences", {"said": said, "names": _NAMES})


def _prefer(visit: Visit, form: Form) -> Shown | None:
    ticked = form.all("prefer")
    with visit.work.engine.begin() as connection:
        for name in _NAMES:
            value = YES if name in ticked else NO
            welcome.prefer(visit.work, connection, visit.person.email, name, value)
    return None


def _approval(visit: Visit) -> Shown | None:
    employee = visit.work.roster.people.get("".join(visit.about[:1]))
    if employee is None or employee.supervisor is None:
        return None
    if employee.supervisor.email != visit.person.email:
        return None
    with reading(visit.work.engine) as connection:
        at = approvals.at(connection, employee.email, visit.person.email)
    return Shown("approve", {"employee": employee, "approved": at, "duty": DUTY_HOURS})


def _approve(visit: Visit, _form: Form) -> Shown | None:
    with visit.work.engine.begin() as connection:
        welcome.approve(visit.work, connection, visit.person.email, visit.about[0])
    return None


PAGES = (
    Page(PREFERENCES, _preferences, _prefer),
    Page(APPROVE, _approval, _approve, Work.supervisor),
)
