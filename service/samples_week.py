"""A sample of the coordinator's week."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from mentoring.notices import Notice
from mentoring.week import AttentionNotice, Matter, Point
from service.links import base_url
from service.samples import KEY, Sample, Sitting


def _attention(s: Sitting) -> Notice:
    since = s.pair.start + timedelta(days=21)
    names = " and ".join(person.name for person in s.roster.both_of(s.pair))
    no_time = Point("No time suits both", since, "30 minutes instead of 60 would fit.")
    reason = "The programme can't read Ines Costa: the delegation was refused"
    access = Point(reason, since, "Allow the service account in the admin console again.")
    unsigned = Point("The agreement is not signed", s.pair.start, "Ask Noah Weber to sign it.")
    base = base_url(s.roster)
    return AttentionNotice(
        key=KEY,
        reader=s.coordinator,
        fresh=(
            Matter("pair", names, (no_time,), is_pair=True),
            Matter("access", "Access to Google Calendar", (access,)),
        ),
        still=(Matter("other pair", "Ines Costa and Noah Weber", (unsigned,), is_pair=True),),
        pairs=2,
        others=1,
        more=0,
        page=f"{base}/coordinator" if base else "",
    )


WEEK: Mapping[str, Sample] = {"attention": _attention}
