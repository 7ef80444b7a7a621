"""Istio: only patterns on the Cookie header that mean "any pair of this name" are read."""

from __future__ import annotations

import pytest

from graymesh.ir.release import Matcher, OneOf, Prefix, Present, Regex, Suffix
from graymesh.targets.istio.cookies import cookie_of


@pytest.mark.parametrize(
    ("pattern", "name", "matcher"),
    [
        (r"^(.*?;\s*)?(user=jason)(;.*)?$", "user", OneOf(("jason",))),
        (r"^(.*;\s*)?user=jason(\s*;.*)?$", "user", OneOf(("jason",))),
        (r"(?:.*; ?)?user=(jason|anna)(?:;.*)?", "user", OneOf(("anna", "jason"))),
        (r"(?:.*?;[ \t]*)?(?:user=[a-z]+)(?:;.*)?", "user", Regex("[a-z]+")),
        (r"(^|.*;\s*)user=[^;]*x(;.*|$)", "user", Suffix("x")),
        (r"(^|.*;\s*)user=[^;]*x[^;](;.*|$)", "user", Regex("[^;]*x[^;]")),
        (r"(|.*; *)user=.[^;](;|$).*", "", None),
        (r"(?:.*;\s*)?user=[^;]+(?:;.*)?", "user", Present()),
        (r"(?:.*;\s*)?user=a\.b[^;]*(?:;.*)?", "user", Prefix("a.b")),
        (r"(?:.*;\s*)?my\.user=a\+b(?:;.*)?", "my.user", OneOf(("a+b",))),
        (r"(?:.*;\s*)?my.user=a(?:;.*)?", "", None),
        (r"^(.*?;)?(user=jason)(;.*)?$", "", None),
        (r"^(.*; )?user=jason(;.*)?$", "", None),
        (r".*user=jason.*", "", None),
        (r"(?:.*;\s*)?user=jason.*", "", None),
        (r"(?:.*;\s*)?user=jason", "", None),
        (r"user=jason(;.*)?", "", None),
        (r"(?:.*;\s*)?user=.*(;.*)?", "", None),
        (r"(?:.*;\s*)?user=\S+(;.*)?", "", None),
        (r"(?:.*;\s*)?user=[^,]+(;.*)?", "", None),
        (r"(?:.*;\s*)?user=[!-~]+(;.*)?", "", None),
        (r"(?:.*;\s*)?user=[^!\-~]+(;.*)?", "", None),
        (r"(?:.*;\s*)?user=a|b(;.*)?", "", None),
        (r"(?:.*;\s*)?(user=a|group=b)(;.*)?", "", None),
        (r"(?:.*;\s*)?user=[a-z]*(;.*)?", "", None),
        (r"(?:.*;\s*)?user=(;.*)?", "", None),
        (r"(?:.*;\s*)?(?i)user=a(;.*)?", "", None),
        (r"(?:.*;\s+)?user=a(;.*)?", "", None),
        (r"user=jason", "", None),
        (r"(?:.*;\s*)?=a(;.*)?", "", None),
        (r"(?:.*;\s*)?user=a(;.*)?x", "", None),
        (r"(?:.*;\s*)?user=(a;.*)?", "", None),
    ],
)
def test_cookie_patterns(pattern: str, name: str, matcher: Matcher | None) -> None:
    if matcher is None:
        with pytest.raises(ValueError):
            cookie_of(pattern)
    else:
        assert cookie_of(pattern) == (name, matcher)
