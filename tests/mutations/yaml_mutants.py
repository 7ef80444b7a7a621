"""Changes to the YAML of Istio and Spring Cloud Gateway: every leaf and entry once, and the named classes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

from tests.mutations import oracles
from tests.mutations.mutant import Mutant, changes, digits_changed, other, with_other
from tests.mutations.yaml_text import Path, YamlText

SPRING_ROUTES: Path = (0, "spring", "cloud", "gateway", "server", "webflux", "routes")
SPRING_INSTANCES: Path = (0, "spring", "cloud", "discovery", "client", "simple", "instances")


def sweep(text: str) -> Iterator[Mutant]:
    """Every leaf changed in each way, every entry of a list or mapping left out."""
    yaml = YamlText(text)
    for path, value in yaml.scalars():
        for new in changes(value):
            yield Mutant(shown(path), f"{value!r} → {new!r}", yaml.with_value(path, new))
    for path in yaml.spans:
        yield Mutant(shown(path), "left out", yaml.without(path))


def shown(path: Path) -> str:
    """The path as allow-lists match it: `1/spec/http/0/timeout`."""
    return "/".join(map(str, path))


class _Named:
    """The named classes of one file; every method is a class and yields its mutants."""

    def __init__(self, text: str) -> None:
        self.yaml = YamlText(text)

    def all(self) -> Iterator[Mutant]:
        """The mutants of all classes."""
        for name in dir(self):
            if name.startswith("class_"):
                kind = name.removeprefix("class_").replace("_", " ")
                for path, change, text in getattr(self, name)():
                    yield Mutant(shown(path), change, text, kind)

    def changed(self, path: Path, value: Any) -> tuple[Path, str, str]:
        """One leaf with another value."""
        return path, f"{self.yaml.value(path)!r} → {value!r}", self.yaml.with_value(path, value)

    def moved(self, one: Path, two: Path, step: int) -> tuple[Path, str, str]:
        """Two weights that together stay what they were."""
        first, second = self.yaml.value(one), self.yaml.value(two)
        edits = self.yaml.setting(one, first - step), self.yaml.setting(two, second + step)
        return one, f"{step} moved to {shown(two)}", self.yaml.edited(*edits)

    def digits_of(self, path: Path, part: str) -> Iterator[tuple[Path, str, str]]:
        """Each digit of a part of a text leaf one up and one down; ranges upside down are left to the sweep."""
        value = self.yaml.value(path)
        start = value.index(part)
        for index, new in digits_changed(value, start, start + len(part)):
            if oracles.is_pattern(new):
                yield path, f"digit {index} of {value!r}: {new!r}", self.yaml.with_value(path, new)


class IstioNamed(_Named):
    """The named classes of a file of Istio's objects."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        kinds = [(number, document["kind"]) for number, document in enumerate(self.yaml.documents)]
        self.routes = [
            route
            for number, kind in kinds
            if kind == "VirtualService"
            for route in self.yaml.items((number, "spec", "http"))
        ]
        self.rules = [number for number, kind in kinds if kind == "DestinationRule"]
        self.entries = [number for number, kind in kinds if kind == "ServiceEntry"]

    def class_weight(self) -> Iterator[tuple[Path, str, str]]:
        for route in self.routes:
            weights = [(*each, "weight") for each in self.yaml.items((*route, "route"))]
            for one, two in pairwise(weights):
                if self.yaml.has(one):
                    yield self.moved(one, two, 1)
                    if self.yaml.value(one) != self.yaml.value(two):
                        yield one, f"swapped with {shown(two)}", self.yaml.with_values_swapped(one, two)

    def class_match_dropped(self) -> Iterator[tuple[Path, str, str]]:
        for route in self.routes:
            matches = self.yaml.items((*route, "match"))
            for match in matches:
                if len(matches) > 1:
                    yield match, "left out", self.yaml.without(match)
                headers = self.yaml.items((*match, "headers"))
                for header in headers if len(headers) > 1 else ():
                    if "claims[iss]" not in str(header[-1]):  # of a single issuer it says nothing
                        yield header, "left out", self.yaml.without(header)
            if matches:
                yield (*route, "match"), "left out", self.yaml.without((*route, "match"))

    def class_routes_reordered(self) -> Iterator[tuple[Path, str, str]]:
        for one, two in pairwise(self.routes):
            earlier = [self.yaml.value(each) for each in self.routes if each[0] == one[0] and each[-1] < one[-1]]
            pair = self.yaml.value(one), self.yaml.value(two)
            if one[0] == two[0] and oracles.istio_order_matters(*pair, earlier):
                yield one, f"swapped with {shown(two)}", self.yaml.swapped(one, two)

    def class_bucket_digit(self) -> Iterator[tuple[Path, str, str]]:
        for path, value in self._leaves("regex"):
            if "-ticket=" in value:
                yield from self.digits_of(path, value.partition("=")[2].rpartition("(?:")[0])

    def class_cookie_value(self) -> Iterator[tuple[Path, str, str]]:
        for path, value in self._leaves("set-cookie"):
            yield self.changed(path, with_other(value, 0))
            yield self.changed(path, value.replace("%REQ(X-REQUEST-ID)%", "0000ffff"))
        for path, value in self._leaves("regex"):
            name, _, rest = value.removeprefix("(?:.*;\\s*)?").partition("=")
            if rest and "[" not in rest:
                yield self.changed(path, with_other(value, value.index("=") + 1))
                yield self.changed(path, value.replace(name, name + "x", 1))

    def class_header_value(self) -> Iterator[tuple[Path, str, str]]:
        for path, value in self._leaves("exact"):
            yield self.changed(path, with_other(value, 0))
            yield self.changed(path, with_other(value, len(value) - 1))

    def class_destinations_swapped(self) -> Iterator[tuple[Path, str, str]]:
        subsets = [path for path, _ in self._leaves("subset") if "mirror" not in path]
        for one, two in pairwise(subsets):
            if self.yaml.value(one) != self.yaml.value(two):
                yield one, f"swapped with {shown(two)}", self.yaml.with_values_swapped(one, two)

    def class_endpoint(self) -> Iterator[tuple[Path, str, str]]:
        for number in self.entries:
            for endpoint in self.yaml.items((number, "spec", "endpoints")):
                address = self.yaml.value((*endpoint, "address"))
                yield self.changed((*endpoint, "address"), address[:-1] + other(address[-1]))
                yield endpoint, "left out", self.yaml.without(endpoint)

    def class_timeout(self) -> Iterator[tuple[Path, str, str]]:
        for path, value in [*self._leaves("timeout"), *self._leaves("perTryTimeout")]:
            yield self.changed(path, with_other(value, 0))
            yield path, "left out", self.yaml.without(path)

    def class_route_dropped(self) -> Iterator[tuple[Path, str, str]]:
        for route in self.routes:
            yield route, "left out", self.yaml.without(route)

    def class_label(self) -> Iterator[tuple[Path, str, str]]:
        for number in self.rules:
            for subset in self.yaml.items((number, "spec", "subsets")):
                for label in self.yaml.items((*subset, "labels")):
                    yield self.changed(label, self.yaml.value(label) + "x")
                    yield label, "left out", self.yaml.without(label)

    def class_name_taken(self) -> Iterator[tuple[Path, str, str]]:
        """Of two objects of one kind and name the one that is applied last replaces the other."""
        kinds = [document["kind"] for document in self.yaml.documents]
        for one, two in combinations(range(len(kinds)), 2):
            if kinds[one] == kinds[two]:
                yield self.changed((two, "metadata", "name"), self.yaml.value((one, "metadata", "name")))

    def _leaves(self, name: str) -> list[tuple[Path, Any]]:
        return [(path, value) for path, value in self.yaml.scalars() if path[-1] == name and path[2:3] == ("http",)]


class SpringNamed(_Named):
    """The named classes of an application file."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.routes = self.yaml.items(SPRING_ROUTES)

    def class_weight(self) -> Iterator[tuple[Path, str, str]]:
        weights = [(*path, "args", "weight.weight") for path in self._parts("predicates", "Weight")]
        groups = {path: self.yaml.value((*path[:-1], "weight.group")) for path in weights}
        for one, two in pairwise(weights):
            if groups[one] == groups[two]:
                yield self.moved(one, two, 100)
                if self.yaml.value(one) != self.yaml.value(two):
                    yield one, f"swapped with {shown(two)}", self.yaml.with_values_swapped(one, two)

    def class_predicate_dropped(self) -> Iterator[tuple[Path, str, str]]:
        for name in ("Header", "Cookie", "Query", "Path", "Method", "RemoteAddr"):
            for path in self._parts("predicates", name):
                if self.yaml.value(path)["args"].get("header") != "Host":
                    yield path, "left out", self.yaml.without(path)

    def class_routes_reordered(self) -> Iterator[tuple[Path, str, str]]:
        """Two neighbours, and a route behind all others; of a weight group that is torn apart nothing can be said."""
        orders = {route: self.yaml.value((*route, "order")) for route in self.routes}
        alone = [route for route in self.routes if not oracles.spring_group(self.yaml.value(route))]
        for one, two in combinations(self.routes, 2):
            if one in alone and oracles.spring_order_matters(self.yaml.value(one), self.yaml.value(two)):
                if two in alone and orders[two] == orders[one] + 1:
                    text = self.yaml.with_values_swapped((*one, "order"), (*two, "order"))
                    yield (*one, "order"), f"swapped with {shown(two)}", text
                yield self.changed((*one, "order"), max(orders.values()) + 1)

    def class_bucket_digit(self) -> Iterator[tuple[Path, str, str]]:
        for path in self._parts("predicates", "Cookie"):
            if self.yaml.value(path)["args"]["name"].endswith("-ticket"):
                yield from self.digits_of((*path, "args", "regexp"), self.yaml.value(path)["args"]["regexp"])

    def class_cookie_value(self) -> Iterator[tuple[Path, str, str]]:
        for path in self._parts("filters", "AddResponseHeader"):
            value = (*path, "args", "value")
            yield from self.digits_of(value, self.yaml.value(value).partition("=")[2][:8])
        for path in self._parts("predicates", "Cookie"):
            if not self.yaml.value(path)["args"]["name"].endswith("-ticket"):
                for name in ("name", "regexp"):
                    yield self.changed((*path, "args", name), with_other(self.yaml.value((*path, "args", name)), 0))

    def class_header_value(self) -> Iterator[tuple[Path, str, str]]:
        for path in self._parts("predicates", "Header"):
            if self.yaml.value(path)["args"]["header"] != "Host":
                for name in ("header", "regexp"):
                    yield self.changed((*path, "args", name), with_other(self.yaml.value((*path, "args", name)), 0))

    def class_destinations_swapped(self) -> Iterator[tuple[Path, str, str]]:
        for one, two in pairwise((*route, "uri") for route in self.routes):
            if self.yaml.value(one) != self.yaml.value(two):
                yield one, f"swapped with {shown(two)}", self.yaml.with_values_swapped(one, two)

    def class_endpoint(self) -> Iterator[tuple[Path, str, str]]:
        for service in self.yaml.items(SPRING_INSTANCES):
            for instance in self.yaml.items(service):
                uri = self.yaml.value((*instance, "uri"))
                yield self.changed((*instance, "uri"), uri[:-1] + other(uri[-1]))
                yield instance, "left out", self.yaml.without(instance)

    def class_timeout(self) -> Iterator[tuple[Path, str, str]]:
        """Of all routes of a weight group at once, as one would change it."""
        for group, routes in self._together().items():
            paths = [(*route, "metadata", "response-timeout") for route in routes]
            if all(map(self.yaml.has, paths)):
                edits = [self.yaml.setting(path, self.yaml.value(path) + 500) for path in paths]
                yield paths[0], f"500 more in {group}", self.yaml.edited(*edits)
            if len(paths) == 1 and self.yaml.has(paths[0]):
                yield paths[0], "left out", self.yaml.without(paths[0])

    def class_route_dropped(self) -> Iterator[tuple[Path, str, str]]:
        """A route that stands alone, or all of a weight group."""
        for group, routes in self._together().items():
            yield (group,), "left out", self.yaml.edited(*((*self.yaml.spans[route], "") for route in routes))

    def class_header_sent(self) -> Iterator[tuple[Path, str, str]]:
        for name in ("AddResponseHeader", "SetResponseHeader", "SetRequestHeader"):
            paths = (path for path in self._parts("filters", name) if self._header(path) != "Set-Cookie")
            for path in paths:
                yield self.changed((*path, "args", "value"), self.yaml.value((*path, "args", "value")) + "x")

    def _header(self, path: Path) -> str:
        return str(self.yaml.value((*path, "args", "name")))

    def _together(self) -> dict[str, list[Path]]:
        """The routes of each weight group, and every other route by itself, by their name."""
        found: dict[str, list[Path]] = {}
        for route in self.routes:
            name = oracles.spring_group(self.yaml.value(route)) or self.yaml.value(route)["id"]
            found.setdefault(name, []).append(route)
        return found

    def _parts(self, key: str, name: str) -> list[Path]:
        """The predicates or filters of that name."""
        return [
            part
            for route in self.routes
            for part in self.yaml.items((*route, key))
            if self.yaml.value(part)["name"] == name
        ]
