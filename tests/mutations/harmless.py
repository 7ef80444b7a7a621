"""The places of artifacts where a change changes nothing, each with the reason why. Whatever else is changed must show.

An entry holds for a kind of place, never for one file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.mutations.conditions import (
    in_case_only,
    same_answers_in_nginx,
    same_defaults_in_sentinel,
    same_order_in_spring,
    same_ports_in_istio,
    same_retries_in_istio,
)
from tests.mutations.lines import Change


def always(_change: Change) -> bool:
    """Wherever the place is."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """`place` and `change` are patterns for the whole of a mutant's place and change."""

    place: str
    change: str = ".*"
    because: str
    when: Callable[[Change], bool] = always

    def covers(self, change: Change) -> bool:
        """Is this a change that changes nothing?"""
        return (
            re.fullmatch(self.place, change.mutant.place, re.DOTALL) is not None
            and re.fullmatch(self.change, change.mutant.change, re.DOTALL) is not None
            and self.when(change)
        )


ISTIO = (
    Harmless(
        place="[0-9]+/metadata/labels(/.*)?",
        because="by these labels people find objects; Istio's routes ask for the labels of pods",
    ),
    Harmless(
        place="[0-9]+/metadata/name",
        change="(?!left out).*",
        because="names tell objects apart, and nothing refers to these",
    ),
    Harmless(
        place="[0-9]+/spec/http/[0-9]+/name",
        because="the name of a route shows up in logs only",
    ),
    Harmless(
        place="[0-9]+/spec/trafficPolicy/loadBalancer/simple",
        change="left out",
        because="LEAST_REQUEST is what Istio does without being told",
    ),
    Harmless(
        place=r"[0-9]+/spec/http/[0-9]+/match/[0-9]+/headers/@request\.auth\.claims\[iss\]",
        change="left out",
        because="tokens of a single issuer are verified, so every claim is his",
    ),
    Harmless(
        place="[0-9]+/spec/(jwtRules/[0-9]+/(fromHeaders|outputClaimToHeaders)/[0-9]+/(name|header))",
        because="names of headers have no case",
        when=in_case_only,
    ),
    Harmless(
        place="[0-9]+/spec/(ports/[0-9]+|servers/[0-9]+/port)/protocol",
        because="Istio reads protocols without regard to case",
        when=in_case_only,
    ),
    Harmless(
        place="[0-9]+/spec/servers/[0-9]+/port/name",
        change="(?!left out)'.*' → '.+'",
        because="nothing refers to the port of a Gateway by its name, which it must have",
    ),
    Harmless(
        place="[0-9]+/spec/endpoints/[0-9]+/ports(/http)?",
        change="left out",
        because="an endpoint without a port of its own has the service's",
        when=same_ports_in_istio,
    ),
    Harmless(
        place="[0-9]+/spec/http/[0-9]+/retries/attempts",
        change="left out",
        because="a number that is left out is 0",
        when=same_retries_in_istio,
    ),
    Harmless(
        place="[0-9]+/spec/http/[0-9]+/(corsPolicy/(allow|expose)Headers|headers/response/remove)/[0-9]+",
        because="names of headers have no case",
        when=in_case_only,
    ),
    Harmless(
        place="[0-9]+/spec/http/[0-9]+/corsPolicy/allowMethods/[012]",
        change="left out",
        because="browsers let pages send GET, HEAD and POST whatever a preflight says, and Envoy asks for no method",
    ),
)

_ROUTE = "0/spring/cloud/gateway/server/webflux/routes/[0-9]+"

_CORS = r"0/spring/cloud/gateway/server/webflux/globalcors/cors-configurations/\[/\*\*\]"

SPRING = (
    Harmless(
        place=f"{_ROUTE}/filters/[0-9]+/args/value",
        change="'Upgrade' → 'uPGRADE'",
        because="what a Connection header names has no case",
    ),
    Harmless(
        place=f"{_ROUTE}/filters/[0-9]+/args/strategy",
        because="Spring reads the names of strategies in any case",
        when=in_case_only,
    ),
    Harmless(
        place=f"{_ROUTE}/id",
        change="(?!left out).*",
        because="ids name routes; none of them takes part in the choice",
    ),
    Harmless(
        place=f"{_ROUTE}/order",
        because="routes that ask for the same requests are still tried in the same order; a missing one is 0",
        when=same_order_in_spring,
    ),
    Harmless(
        place=f"{_ROUTE}/predicates/[0-9]+/args/header",
        because="names of headers have no case",
        when=in_case_only,
    ),
    Harmless(
        place=f"{_ROUTE}/filters/[0-9]+/args/name",
        because="names of headers have no case, and these filters name nothing else",
        when=in_case_only,
    ),
    Harmless(
        place=f"{_ROUTE}/filters/[0-9]+/args/strategy",
        change="left out",
        because="DedupeResponseHeader keeps the first value without being told",
    ),
    Harmless(
        place=f"{_CORS}/(allowed|exposed)Headers/[0-9]+",
        because="names of headers have no case",
        when=in_case_only,
    ),
    Harmless(
        place=f"{_ROUTE}/filters/[0-9]+/args/series",
        change="left out",
        because="SERVER_ERROR is what the Retry filter repeats without being told",
    ),
    Harmless(
        place=f"{_ROUTE}/filters/[0-9]+/args/statuses",
        change="left out",
        because="the Retry filter repeats no single status without being told, and none is written here",
    ),
    Harmless(
        place=f"{_ROUTE}/predicates/[0-9]+/args/matchTrailingSlash",
        because="true and false have no case",
        when=in_case_only,
    ),
    Harmless(
        place=f"{_ROUTE}/predicates/[0-9]+/args/sources/[0-9]+",
        because="hexadecimal digits have no case",
        when=in_case_only,
    ),
)

SENTINEL = (
    Harmless(
        place="[0-9]+/(grade|strategy|controlBehavior|resourceMode|intervalSec|predicateItems/[0-9]+/matchStrategy)",
        change="left out",
        because="the value that stood there is the one that the rule's class has without it",
        when=same_defaults_in_sentinel,
    ),
    Harmless(
        place="[0-9]+/limitApp",
        change="(left out|'default' → '')",
        because="the managers read no caller, and a blank one, as `default`, which is every caller",
    ),
)

_LOCATION = "server/location /"

NGINX = (
    Harmless(
        place=r".*\[[0-9]\]",
        change=r"(\$\w+)+ → (\$\w+)+",
        because="names of variables have no case",
        when=in_case_only,
    ),
    Harmless(
        place=rf"{_LOCATION}/(add_header|proxy_set_header|proxy_hide_header) [\w-]+\[1\]",
        because="names of headers have no case",
        when=in_case_only,
    ),
    Harmless(
        place=rf"{_LOCATION}/if( \(\$\w+\)/add_header [\w-]+)?\[[12]\]",
        because="names of headers and of variables have no case",
        when=in_case_only,
    ),
    Harmless(
        place=r"server/server_name\[[0-9]+\]",
        because="names of hosts have no case",
        when=in_case_only,
    ),
    Harmless(
        place=r"geo \$\w+/[0-9a-f:]+/[0-9]+\[0\]",
        because="hexadecimal digits have no case",
        when=in_case_only,
    ),
    Harmless(
        place=r"server/server_name(\[1\])?",
        change='(left out|_ → "")',
        because="the server for names that no release has is taken because it stands first; its name names nobody",
    ),
    Harmless(
        place=r"(map \$\w+ \$\w+__limited_\w+/[\w-]+|limit_req_zone)\[1\]",
        change=r"[\w.-]+ → [\w.-]+",
        because="under whatever name a version's requests are counted, they are counted together",
    ),
    Harmless(
        place=r"upstream \S+/keepalive(\[1\])?",
        change=r"(left out|16 → [0-9]+)",
        because="how many idle connections are kept open changes no answer",
    ),
    Harmless(
        place=r"variables_hash_(bucket|max)_size(\[1\])?",
        change=r"(left out|[0-9]+ → [0-9]+)",
        because="a hash of another size holds the same names; nginx complains when it is too small",
    ),
    Harmless(
        place=r"upstream \S+/server\[2\]",
        change="max_fails=0 → max_fails=00",
        because="the same number",
    ),
    Harmless(
        place="server/server_tokens",
        change="left out",
        because="nginx then tells its version in pages of its own; no version answers differently",
    ),
    Harmless(
        place=rf"{_LOCATION}/(proxy_http_version|proxy_set_header Connection)",
        change="left out",
        because="connections to versions are then closed after each answer",
    ),
    Harmless(
        place=r"(map|split_clients|geo) .*",
        because="evaluated by nginx's rules, every request meets what it met before",
        when=same_answers_in_nginx,
    ),
)

HARMLESS = {"istio": ISTIO, "spring-cloud-gateway": SPRING, "sentinel": SENTINEL, "nginx": NGINX}
