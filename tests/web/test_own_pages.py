"""A coordinator's own pages: each is given all that the shipped one is given."""

from __future__ import annotations

import shutil

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from service.templates import SHIPPED
from tests.web.office import Office
from tests.web.sights import Sight, every_page


@pytest.mark.slow
@every_page
def test_a_page_of_ones_own_looks_like_ours(sight: Sight, office: Office) -> None:
    link = sight.link(office)
    ours = httpx.get(link, follow_redirects=True)
    shutil.copytree(SHIPPED / "web", office.world.directory / "templates" / "web")
    structlog.reset_defaults()
    with capture_logs() as logs:
        own = httpx.get(link, follow_redirects=True)
    assert [log for log in logs if log["event"] == "template_refused"] == []
    assert "default-src 'none'" in own.headers["Content-Security-Policy"]
    assert "set-cookie" not in own.headers
    assert "<script" not in own.text
    if sight.page == "connected":  # a provider's code is good for one visit
        return
    assert (own.status_code, own.text) == (ours.status_code, ours.text)
