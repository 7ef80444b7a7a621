"""An audience that asks for the cookie of tickets.

The cookie's value ends in a user's bucket, which says who is in the canary as it grows. A route on it cuts across that
and users are thrown back when the weight changes.

bad: |
  sticky: {cookie: gray-ticket}
  audiences: {early: [{cookies: {gray-ticket: {prefix: "00"}}}]}
  routes: [{name: early, audience: early, version: v2}]
good: |
  sticky: {cookie: gray-ticket}
  audiences: {early: [{cookies: {early: "1"}}]}
  routes: [{name: early, audience: early, version: v2}]
"""

from __future__ import annotations

from collections.abc import Iterator

from graymesh.language.case import Case
from graymesh.lint.finding import Finding

LEVEL = "warning"


def check(case: Case) -> Iterator[Finding]:
    """Every entry that matches the cookie of tickets."""
    sticky = case.rollout.spec.sticky
    for name, entries in case.rollout.spec.audiences.items():
        for index, entry in enumerate(entries):
            if sticky and sticky.cookie.name in entry.cookies:
                yield Finding(
                    path=("spec", "audiences", name, index, "cookies", sticky.cookie.name),
                    at_key=True,
                    message=f"{sticky.cookie.name!r} carries the users' tickets; a route on it cuts across the weights",
                    help="use another cookie for the audience",
                )
