"""Generated rollouts, as the data of a spec file: every part of the language that decides about traffic."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from graymesh.kit.target import Manifest

VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
COOKIE_OCTETS = "".join(char for char in VISIBLE if char not in '",;\\')
QUERY_CHARS = "".join(char for char in VISIBLE if char.isalnum() or char in "._~-!$'()*,;:@/?=")
HOSTILE = [
    "a\\",
    "x; } server { listen 81; } #",
    "$host",
    "${HOME}",
    "~v2",
    "default",
    "a\"b'c",
    "(a|b)",
    "v1.0",
    "\\n",
    "*",
    "^v$",
]
PATTERNS = [
    "v[0-9]+",
    "(red|green|blue)",
    "MyApp/[3-9][.].*",
    "[a-z]+(-[a-z]+)*",
    "a.*b",
    "[^x]{2,4}",
    "beta-?[12]?",
    "0[0-4]..",
    "[a-z]+@b[.]com",
    r"\S+:[^/]*",
    "[^;& ]+",
]
PATH_PATTERNS = ["/api/v[0-9]+/.*", "/(a|b)/x", "/[a-z]+"]
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,3})?", fullmatch=True)
HOST_ENDS = [{"suffix": text} for text in (".example.com", "0.example.com", ".com", "m", ".example.org")]
CORS = [
    {"origins": ["https://app.example.org"]},
    {
        "origins": ["http://localhost:3000", "https://app.example.org"],
        "methods": ["PUT", "DELETE"],
        "headers": ["Content-Type", "X-Token"],
        "expose": ["X-Total", "ETag"],
        "credentials": True,
        "maxAge": "10m",
    },
]
SEGMENT = st.from_regex(r"[A-Za-z0-9_~-]{1,6}", fullmatch=True)
PATHS = st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))


def values(alphabet: str) -> st.SearchStrategy[str]:
    """Plain and hostile values over an alphabet, no blanks at the ends."""
    hostile = [value for value in HOSTILE if set(value) <= set(alphabet) | {" "}]
    hostile = [value for value in hostile if " " not in value or " " in alphabet]
    words = st.text(alphabet, min_size=1, max_size=8).map(str.strip).filter(bool)
    return st.one_of(
        st.sampled_from(["v2", "yes", "1", "a b".replace(" ", "-")]), words, st.sampled_from(hostile or ["v2"])
    )


def matcher(kind: str, alphabet: str, patterns: list[str], can: Any) -> st.SearchStrategy[Any]:
    """Every form of matcher that the target can say for this field."""
    value = values(alphabet)
    forms: list[st.SearchStrategy[Any]] = [value, st.lists(value, min_size=2, max_size=3, unique=True)]
    if can(f"{kind}.prefix"):
        forms.append(value.map(lambda text: {"prefix": text}))
    if can(f"{kind}.suffix"):
        forms.append(value.map(lambda text: {"suffix": text}))
    if can(f"{kind}.regex"):
        forms.append(st.sampled_from(patterns).map(lambda text: {"regex": text}))
    if can(f"{kind}.present"):
        forms.append(st.just({"present": True}))
    if can(f"{kind}.absent"):
        forms.append(st.just({"absent": True}))
    return st.one_of(forms)


def path_matcher(can: Any) -> st.SearchStrategy[Any]:
    forms: list[st.SearchStrategy[Any]] = [PATHS]
    if can("path.prefix"):
        forms.append(PATHS.map(lambda path: {"prefix": path}))
    if can("path.suffix"):
        ends = st.one_of(PATHS, SEGMENT, SEGMENT.map(lambda text: f".{text}"), SEGMENT.map(lambda text: f"{text}/"))
        forms.append(ends.map(lambda text: {"suffix": text}))
    if can("path.regex"):
        forms.append(st.sampled_from(PATH_PATTERNS).map(lambda text: {"regex": text}))
    return st.one_of(forms)


def entries(can: Any, cookie_limit: int) -> st.SearchStrategy[dict[str, Any]]:
    """One entry of an audience: a conjunction of one to three fields."""
    parts: dict[str, st.SearchStrategy[Any]] = {}
    if can("header"):
        names = st.sampled_from(["X-Gray-Version", "X-Tenant", "User-Agent", "Accept-Language"])
        parts["headers"] = st.dictionaries(
            names, matcher("header", VISIBLE + " ", PATTERNS, can), min_size=1, max_size=2
        )
    if can("cookie"):
        names = st.sampled_from(["beta", "user.id", "Beta", "x-try"])
        one = matcher("cookie", COOKIE_OCTETS, PATTERNS, can)
        parts["cookies"] = st.dictionaries(names, one, min_size=1, max_size=cookie_limit)
    if can("query"):
        parts["query"] = st.dictionaries(
            st.sampled_from(["gray", "q"]), matcher("query", QUERY_CHARS, PATTERNS, can), min_size=1, max_size=2
        )
    if can("claim"):
        parts["claims"] = st.dictionaries(
            st.sampled_from(["tier", "group"]), matcher("claim", VISIBLE, PATTERNS, can), min_size=1, max_size=1
        )
    if can("path"):
        parts["path"] = path_matcher(can)
    if can("host.suffix"):
        parts["host"] = st.sampled_from(HOST_ENDS)
    if can("method"):
        parts["method"] = st.lists(
            st.sampled_from(["GET", "POST", "PUT", "DELETE"]), min_size=1, max_size=2, unique=True
        )
    if can("source"):
        networks = ["203.0.113.0/24", "198.51.100.7/32", "2001:db8::/32", "203.0.113.128/25"]
        parts["source"] = st.lists(st.sampled_from(networks), min_size=1, max_size=2, unique=True)
    keys = st.lists(st.sampled_from(sorted(parts)), min_size=1, max_size=3, unique=True)
    return keys.flatmap(lambda chosen: st.fixed_dictionaries({key: parts[key] for key in chosen}))


@st.composite
def rollouts(draw: st.DrawFn, manifest: Manifest, number: int = 0, router: Manifest | None = None) -> dict[str, Any]:
    """One valid rollout that the target can enforce when it decides alone, as the data of its file.

    With a router, which is the target itself or the one that chooses versions beside it, also limits and
    circuit breakers.
    """
    chosen = router or manifest
    can = chosen.can
    several = can("split.several") and draw(st.booleans())
    canaries = ["v2", "v3"] if several else ["v2"]
    audiences = draw(
        st.dictionaries(
            NAMES, st.lists(entries(can, 2 if can("cookie.several") else 1), min_size=1, max_size=3), max_size=3
        )
    )
    sticky = can("sticky") and draw(st.booleans())
    stages = draw(stage_lists(canaries, 500 if sticky and not can("sticky.fine") else 1))
    spec: dict[str, Any] = {
        "service": {"port": 8080, "domains": [f"svc{number}.example.com"]},
        "stable": "v1",
        "versions": {
            name: {"endpoints": [f"10.{i}.1.1:8080", f"10.{i}.1.2:8080"]} for i, name in enumerate(["v1", *canaries])
        },
        "audiences": audiences,
        "routes": [
            {"name": f"route-{i}", "audience": name, "version": draw(st.sampled_from(["v1", *canaries]))}
            for i, name in enumerate(audiences)
        ],
        "stages": stages,
        "stage": draw(st.sampled_from([stage["name"] for stage in stages])),
        "targets": {name: {} for name in dict.fromkeys([chosen.name, manifest.name])},
    }
    if any("claims" in entry for entry_list in audiences.values() for entry in entry_list):
        spec["jwt"] = {
            "issuer": "https://id.example.com",
            "jwks": "https://id.example.com/jwks.json",
            "from": {"header": "Authorization"},
        }
    if sticky:
        keys: list[dict[str, Any]] = [{}]
        keys += [{"key": {"cookie": "uid"}}] if can("sticky.key") else []
        keys += [{"key": {"cookie": "uid", "digits": 2, "start": "95"}}] if can("cookie.regex") else []
        spec["sticky"] = {"cookie": "gray-ticket"} | draw(st.sampled_from(keys))
        spec["sticky"] |= draw(st.sampled_from([{}, {}, {"except": [{"prefix": "/static"}, "/favicon.ico"]}]))
        spec |= draw(st.sampled_from([{}, {}, {"hold": "newUsers"}]))
    if can("split"):
        for route in spec["routes"]:
            route |= draw(shares_of(spec, route["version"], route["audience"], can))
    held = draw(enforced(manifest.can, canaries)) if router else {}
    spec |= draw(extras(can)) | {key: value for key, value in held.items() if key != "resilience"}
    if "resilience" in held:
        spec["resilience"] = {**spec.get("resilience", {}), **held["resilience"]}
    return {
        "apiVersion": "graymesh.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": f"svc{number}", "namespace": "default"},
        "spec": spec,
    }


@st.composite
def stage_lists(draw: st.DrawFn, canaries: list[str], step: int) -> list[dict[str, Any]]:
    """One to four stages whose weights only grow, by multiples of so many basis points."""
    weights_of = st.integers(0, 10_000 // step // len(canaries)).map(lambda steps: steps * step)
    grown = [sorted(draw(st.lists(weights_of, min_size=3, max_size=3))) for _ in canaries]
    count = draw(st.integers(1, 3))
    stages = []
    for i in range(count):
        weights = {name: series[i] / 100 for name, series in zip(canaries, grown, strict=True)}
        split = {"split": weights} if len(canaries) > 1 else {"weight": weights["v2"]}
        stages.append({"name": f"stage-{i}", "hold": "1h", **split})
    return stages


@st.composite
def shares_of(draw: st.DrawFn, spec: dict[str, Any], version: str, audience: str, can: Any) -> dict[str, Any]:
    """A share of an audience now and then, where it fits beside other canaries and its paths beside those left out."""
    paths = [entry.get("path", "/") for entry in spec["audiences"][audience]]
    joined = all(isinstance(path, str) or "prefix" in path for path in paths)
    step = 1 if can("sticky.fine") or "sticky" not in spec else 500
    others = [sum(part for name, part in stage.get("split", {}).items() if name != version) for stage in spec["stages"]]
    most = round((100 - max(others)) * 100) // step
    if version == "v1" or most < 1 or ("except" in spec.get("sticky", {}) and not joined) or draw(st.booleans()):
        return {}
    return {"share": f"{draw(st.integers(0, most)) * step / 100:g}%"}


@st.composite
def extras(draw: st.DrawFn, can: Any) -> dict[str, Any]:
    """Policies and headers that the target can say."""
    found: dict[str, Any] = {}
    resilience: dict[str, Any] = {}
    if can("timeout") and draw(st.booleans()):
        resilience["timeout"] = draw(st.sampled_from(["500ms", "2s", "1m"]))
    if can("fallback") and draw(st.booleans()):
        resilience["fallback"] = "stable"
    if can("retries") and draw(st.booleans()):
        # each version has two instances, behind which a fallback stands
        attempts = draw(st.integers(2 if "fallback" in resilience else 1, 3))
        resilience["retries"] = {"attempts": attempts, "on": ["connect-failure", "5xx"]}
    if resilience:
        found["resilience"] = resilience
    if can("notice") and draw(st.booleans()):
        found["notice"] = {"header": "X-Gray-Notice", "value": "you are trying it"}
    if can("cors"):
        found |= draw(st.sampled_from([{}, {}, *({"cors": cors} for cors in CORS)]))
    if can("preflight") and "cors" not in found:
        found |= draw(st.sampled_from([{}, {}, {"preflight": "stable"}]))
    if can("trace") and draw(st.booleans()):
        found["trace"] = {"header": "X-Gray-Trace"}
    return found


@st.composite
def enforced(draw: st.DrawFn, can: Any, canaries: list[str]) -> dict[str, Any]:
    """Limits and circuit breakers that the target can hold."""
    found: dict[str, Any] = {}
    limited = draw(st.lists(st.sampled_from(canaries), unique=True)) if can("limits.qps") else []
    if limited:
        found["limits"] = {name: {"qps": draw(st.integers(1, 5000))} for name in limited}
    if limited and can("limits.cpu") and draw(st.booleans()):
        found["limits"][limited[0]]["cpu"] = draw(st.sampled_from(["70%", "90%"]))
    if can("guards.errorRate") and draw(st.booleans()):
        error_rate = {"max": draw(st.sampled_from(["0.5%", "1%", "12%"])), "window": "5m"}
        found["guards"] = {"enforcedBy": "operator", "errorRate": error_rate}
    breaker: dict[str, Any] = {}
    if can("circuitBreaker.errorRatio") and draw(st.booleans()):
        breaker["errorRatio"] = {"max": draw(st.sampled_from(["0.5%", "1%", "12%"])), "window": "5m"}
    if can("circuitBreaker.slowCalls") and draw(st.booleans()):
        share = draw(st.sampled_from(["0.01%", "50%", "100%"]))
        breaker["slowCalls"] = {"above": "500ms", "max": share, "minRequests": 7, "open": "1m"}
    if can("circuitBreaker.errorCount") and draw(st.booleans()):
        breaker["errorCount"] = {"max": draw(st.integers(1, 900)), "window": "1s", "open": "1s"}
    if breaker:
        found["resilience"] = {"circuitBreaker": breaker}
    return found


def text_of(data: dict[str, Any]) -> str:
    """The spec file: JSON is YAML."""
    return json.dumps(data, indent=1)
