"""Files of strange shapes, read and served: `python -m tests.nginx.strange 1000` prints every disagreement.

Each file is made by chance: servers on several addresses, defaults, names in capitals and with stars, locations with
odd characters, maps of maps, files and answers of nginx's own. Whatever `read` says about a request must be what nginx
does with it; where `read` understands nothing, nothing is compared, and how often that is so is told.
"""

from __future__ import annotations

import random
import re
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from graymesh.ir.semantics import Request, decide
from graymesh.kit.registry import target
from graymesh.kit.target import Decoded, Statement
from tests.nginx import engine

NGINX = target("nginx")
_REQUESTS: Final = 30
_BACKENDS: Final = ("v1", "v2", "v3")
_NAMES: Final = ("a.test", "A.test", "x.a.test", "*.a.test", ".b.test", "b.test", "*.x.a.test", "_", '""', "c.test.")
_HOSTS: Final = ("a.test", "A.TEST", "x.a.test", "y.x.a.test", "b.test", "q.b.test", "none.test", "c.test")
_PATHS: Final = (
    "/",
    "/a",
    "/a/",
    "/a/b",
    "/A",
    "/ab",
    "/a.html",
    "/a+b",
    "/a;x=1",
    "/a/b/",
    "/x",
    "/a,b",
    "/a=b",
    "/(a)",
)
_PLACES: Final = ("/", "/a", "/a/", "/a/b", "/ab", '"/a b"', "/a%20b", "/a+b", "/a;x", "/(a)", "/A", "/a=b", '"/a{b"')
_SEARCHES: Final = ("^/a", "[.]html$", "/b/?$", "^/(a|x)$", ";x=", "[+]", '"^/a.{1,2}$"', "(?i)^/A", "^/a/.*/$", ",")
_SOURCES: Final = (
    *("$http_x_a", "$arg_q", "$host", "$uri", "$request_method", '"$http_x_a:$arg_q"', "$http_cookie"),
    *("$cookie_u", "$server_name", "$http_host", "$m0", "$m1"),
)
_KEYS: Final = (
    "1",
    "yes",
    "YES",
    '"a b"',
    "a.test",
    "/a",
    "GET",
    "~^1$",
    "~a",
    '"~^y(es)?$"',
    "~*^YES$",
    '"~(?:^|; )u=1(?:;|$)"',
)
_KEYS_WITH_MORE: Final = (*_KEYS, '""', "\\default", "*.a.test", "~:", '"1:yes"', "~*[.]test$", '"~\\Aye"', "0")
_VALUES: Final = ("1", "yes", "YES", "a b", "y", "", "0", "default", "a.test")


@dataclass
class Places:
    """Three addresses on loopback, and what stands for them in a file."""

    first: int = field(default_factory=engine.free_port)
    second: int = field(default_factory=engine.free_port)

    @property
    def addresses(self) -> Sequence[tuple[str, int]]:
        return (("127.0.0.1", self.first), ("127.0.0.2", self.first), ("127.0.0.1", self.second))


def config(rng: random.Random, places: Places) -> str:
    """One file, as it stands in `http`."""
    upstreams = [f"upstream pool{name} {{ server 127.0.0.1:@{name}@; }}" for name in _BACKENDS]
    maps = [_map(rng, number) for number in range(rng.randint(0, 3))]
    servers = [_server(rng, places, len(maps)) for _ in range(rng.randint(1, 4))]
    parts = [*upstreams, *maps, *servers]
    rng.shuffle(parts)
    return "\n".join(parts) + "\n"


def _map(rng: random.Random, number: int) -> str:
    sources = [source for source in _SOURCES if not source.startswith("$m") or int(source[2:]) < number]
    keys = rng.sample(_KEYS_WITH_MORE, rng.randint(1, 4))
    lines = [f"    {key} {_chosen(rng, number)};" for key in keys]
    lines += [f"    default {_chosen(rng, number)};"] * rng.randint(0, 1)
    lines += ["    hostnames;"] * (rng.random() < 0.15)
    rng.shuffle(lines)
    return f"map {rng.choice(sources)} $m{number} {{\n" + "\n".join(lines) + "\n}"


def _chosen(rng: random.Random, number: int) -> str:
    return rng.choice([*(f"pool{name}" for name in _BACKENDS), "1", "yes", *(f"$m{n}" for n in range(number))])


def _server(rng: random.Random, places: Places, maps: int) -> str:
    listens = rng.sample(places.addresses, rng.randint(1, 3))
    lines = [f"listen {host}:{port}{' default_server' * (rng.random() < 0.2)};" for host, port in listens]
    names = rng.sample(_NAMES, rng.randint(0, 3))
    lines += [f"server_name {' '.join(names)};"] if names else []
    lines += [f"set $s {rng.choice(['poolv1', 'poolv2', '$http_x_a'])};"] * (rng.random() < 0.3)
    setting = any(line.startswith("set") for line in lines)
    heads = list(dict.fromkeys(_location_head(rng) for _ in range(rng.randint(0, 5))))
    heads += ["/"] if rng.random() < 0.8 and "/" not in heads else []
    lines += [f"location {head} {{ {_handler(rng, maps, setting)} }}" for head in heads]
    lines += ["return 404;"] * (rng.random() < 0.05)
    rng.shuffle(lines)
    return "server {\n    " + "\n    ".join(lines) + "\n}"


def _location_head(rng: random.Random) -> str:
    modifier = rng.choice(["", "", "", "= ", "^~ ", "~ ", "~* "])
    return modifier + rng.choice(_SEARCHES if "~" in modifier and "^" not in modifier else _PLACES)


def _handler(rng: random.Random, maps: int, setting: bool) -> str:
    targets = [f"http://pool{rng.choice(_BACKENDS)}"] * 3 + [f"http://$m{number}" for number in range(maps)] * 2
    targets += ["http://$s"] if setting else []
    own = [
        "return 204;",
        'return 404 "nothing";',
        "root /nonexistent;",
        "alias /nonexistent/;",
        "",
        "try_files $uri =404;",
    ]
    return f"proxy_pass {rng.choice(targets)};" if rng.random() < 0.8 else rng.choice(own)


def asked(rng: random.Random) -> Request:
    """A request of values that files may ask for."""
    pairs = {name: rng.choice(_VALUES) for name in ("x-a", "x-b") if rng.random() < 0.6}
    cookies = [("u", rng.choice(["1", "yes", "2"]))] if rng.random() < 0.4 else []
    query = [("q", rng.choice(["1", "yes", "YES", "2"]))] if rng.random() < 0.5 else []
    return Request(
        method=rng.choice(["GET", "GET", "POST"]),
        host=rng.choice(_HOSTS),
        path=rng.choice(_PATHS),
        headers=tuple((name, value) for name, value in pairs.items() if value),
        cookies=tuple(cookies),
        query=tuple(query),
    )


def statement_for(read: Decoded, address: tuple[str, int], host: str) -> Statement | None:
    """Who answers for a host at an address, by the manual's order: the name, the longest star, the default."""
    place = f"{address[0]}:{address[1]}"
    here = [each for each in read.statements if place in each.settings.get(("", "listen"), ())]  # type: ignore[operator]
    name = host.lower().rstrip(".")
    stars = ["*" + name[dot.start() :] for dot in re.finditer("[.]", name)]
    for wanted in (name, *stars, "*"):
        found = [each for each in here if wanted in each.hosts]
        if found:
            # a server that is refused may have a name that fits better
            sure = len(found) == 1 and (wanted == name or not read.refusals)
            return found[0] if sure else None
    return None


def seen(answer: engine.Answer) -> str:
    """In the words of a decoded table."""
    if answer.every("x-from-upstream"):
        return f"pool{answer.version}"
    return f"answer {answer.status}"


def agrees(version: str, answer: engine.Answer) -> bool:
    """Files that are not there give 404, or 403 or 301 for folders."""
    if version == "files":
        return not answer.every("x-from-upstream") and answer.status in (403, 404, 301)
    return version == seen(answer)


@contextmanager
def served(folder: Path, text: str, backends: dict[str, int]) -> Iterator[None]:
    """nginx with the file, until the block ends."""
    process = engine.started(folder, {"strange.conf": text}, backends["v1"], backends)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def disagreements(rng: random.Random, folder: Path, counts: Counter[str]) -> Iterator[str]:
    """What `read` says of one file by chance and nginx does not do."""
    places = Places()
    backends = {name: engine.free_port() for name in _BACKENDS}
    text = config(rng, places)
    for name, port in backends.items():
        text = text.replace(f"@{name}@", str(port))
    if "[emerg]" in engine.checked(folder, {"strange.conf": text}, backends)[0]:
        counts["files that nginx refuses"] += 1
        return
    counts["files"] += 1
    read = NGINX.decode({"strange.conf": text})
    if not read.statements:
        return
    counts["files of which something is understood"] += 1
    with served(folder, text, backends):
        for _ in range(_REQUESTS):
            yield from _compared(read, asked(rng), rng.choice(places.addresses), text, counts)


def _compared(
    read: Decoded, request: Request, address: tuple[str, int], text: str, counts: Counter[str]
) -> Iterator[str]:
    statement = statement_for(read, address, request.host)
    if statement is None:
        counts["requests of which nothing is said"] += 1
        return
    counts["requests"] += 1
    route = decide(statement.decision, request).route
    versions = {share.version for share in route.split.shares} if route else set()
    answer = engine.ask_at(address, request)
    if not any(agrees(version, answer) for version in versions):
        counts["disagreements"] += 1
        yield f"{address} {request}\n  read: {sorted(versions)}, nginx: {seen(answer)}\n{text}"


def main() -> int:
    """So many files, from this seed; the figures, and 1 where something disagrees."""
    wanted = int(sys.argv[1]) if sys.argv[1:] else 1000
    seed = int(sys.argv[2]) if sys.argv[2:] else random.randrange(1 << 30)
    rng, counts = random.Random(seed), Counter[str]()
    print(f"seed {seed}", flush=True)
    while counts["files"] < wanted:
        with tempfile.TemporaryDirectory() as folder:
            for found in disagreements(rng, Path(folder), counts):
                print(found, flush=True)
    for what, count in sorted(counts.items()):
        print(f"{count:8} {what}")
    return 1 if counts["disagreements"] else 0


if __name__ == "__main__":
    sys.exit(main())
