"""A header that graymesh sets and an audience asks for.

The edge overwrites the lane header, and the trace header is set on canary requests. An audience that asks for one of
them would be answered by graymesh's own value behind the edge, or by whatever a client sends in front of it.

bad: |
  trace: {header: X-Gray-Version}
  audiences: {testers: [{headers: {X-Gray-Version: v2}}]}
  routes: [{name: testers, audience: testers, version: v2}]
good: |
  trace: {header: X-Gray-Trace}
  audiences: {testers: [{headers: {X-Gray-Version: v2}}]}
  routes: [{name: testers, audience: testers, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding


def check(case: Case) -> Iterator[Finding]:
    """Every entry that matches the lane, trace or notice header."""
    spec = case.rollout.spec
    owners = {"edge": spec.edge, "trace": spec.trace, "notice": spec.notice}
    own = {owner.header.lower(): key for key, owner in owners.items() if owner}
    for name, entries in spec.audiences.items():
        for entry in entries:
            for header in entry.headers:
                if header in own:
                    yield Finding(
                        path=("spec", own[header], "header"),
                        message=f"audience {name!r} asks for the header {header!r}, which {own[header]} sets",
                        help="use another header for one of them",
                    )
