"""The file that all releases share. Nothing in it depends on stages, so that moving a release leaves it alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from graymesh.kit.comments import file_of_all
from graymesh.kit.target import View
from graymesh.targets.nginx.claims import CHECK, PROGRAM, VERIFIED, key_file, key_set, may_ask_for_claims
from graymesh.targets.nginx.conditions import CLAIMS
from graymesh.targets.nginx.connection import shared_maps
from graymesh.targets.nginx.quoting import DOLLAR, Variable
from graymesh.targets.nginx.servers import TLS, is_over_tls, listens
from graymesh.targets.nginx.tree import Directive, Item, Remark

_HASH_ENTRY: Final = 18
_SEVERAL_IN_A_BUCKET: Final = 128
"""One long name fills a bucket of 64 bytes. nginx then looks for a size of the table at which no two names meet, finds
none for some hundred names, and warns."""

_HASH_BUCKET: Final = 64
_VARIABLES_BUCKET: Final = 512
_MANY: Final = 32
_KEPT_MEMORY: Final = 2_097_152
"""Two bytes each. nginx clears almost 3 MB for every map that it reads, and the C library of most systems gives memory
back at once and fetches it anew, until it has seen a request for more than that. A thousand releases then load in a
quarter of the time (measured; nginx 1.22, glibc 2.36)."""

_VARIABLES_AT_LEAST: Final = 8192
_VARIABLES_OF_A_RELEASE: Final = 32


def shared_items(views: Sequence[View]) -> Iterator[Item]:
    """Everything that releases need once, so that the same releases give the same file."""
    yield Remark(file_of_all())
    yield Remark()
    yield from _hashes(views)
    yield from (Remark(), Remark("A dollar sign in a text, which nginx has no other way to write."))
    yield Directive("geo", ((Variable(DOLLAR),),), (Directive("default", ("$",)),))
    yield from shared_maps()
    asking = [view for view in views if may_ask_for_claims(view)]
    if asking:
        yield from _claims({key_file(view) for view in asking})
    yield from (Remark(), Remark("Requests for names that no release has."))
    yield from _nobody(views)


def _hashes(views: Sequence[View]) -> Iterator[Item]:
    """nginx fails on names that are longer than its buckets, and grumbles about many."""
    yield Directive("variables_hash_bucket_size", (str(_VARIABLES_BUCKET),))
    variables = max(_VARIABLES_AT_LEAST, _VARIABLES_OF_A_RELEASE * len(views))
    yield Directive("variables_hash_max_size", (str(_power_of_two(variables)),))
    if len(views) > _MANY:
        yield Directive("map_hash_max_size", (str(_KEPT_MEMORY),))
    hosts = [host for view in views for table in view.tables for host in table.hosts]
    least = _SEVERAL_IN_A_BUCKET if len(hosts) > _MANY else _HASH_BUCKET
    bucket = _power_of_two(max(least, *(len(host) + _HASH_ENTRY for host in hosts)))
    if bucket > _HASH_BUCKET:
        yield Directive("server_names_hash_bucket_size", (str(bucket),))
    if len(hosts) > _MANY:
        yield Directive("server_names_hash_max_size", (str(_power_of_two(16 * len(hosts))),))


def _power_of_two(least: int) -> int:
    return 1 << (least - 1).bit_length()


def _claims(files: set[str]) -> Iterator[Item]:
    """The program, and what it reads; `files` are those of keys, "" where a release has none."""
    yield Remark()
    yield Directive("js_import", ("graymesh", "from", PROGRAM))
    if "" in files:
        yield Remark("Claims choose versions. Nobody verifies these, so anybody can write them: they grant nothing.")
        yield Directive("js_set", ((CLAIMS,), "graymesh.claims"))
    if files != {""}:
        yield Remark("Claims of tokens that were verified, by the keys of a file that is read when nginx loads.")
        yield from (Directive("js_preload_object", (key_set(file), "from", file)) for file in sorted(files - {""}))
        yield Directive("js_var", ((VERIFIED,),))
        yield Directive("js_set", ((CHECK,), "graymesh.verify"))


def _nobody(views: Sequence[View]) -> Iterator[Directive]:
    """Standing first, they take what is for nobody, unless the operator has a default server of their own.

    Over TLS there is no certificate for such names, so that handshakes end.
    """
    for spoken in ((), TLS):
        addresses = sorted(
            {address for view in views if is_over_tls(view) == bool(spoken) for address in listens(view)}
        )
        head = [Directive("listen", (address, *spoken)) for address in addresses]
        names = [Directive("server_name", ("_",)), Directive("server_tokens", ("off",))]
        names += [Directive("ssl_reject_handshake", ("on",))] * bool(spoken)
        if addresses:
            yield Directive("server", (), (*head, *names, Directive("return", ("404",))))
