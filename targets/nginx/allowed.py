"""What a file may say without changing which version answers or what graymesh speaks of; everything else is refused.

A name stands for the directive with any arguments; where arguments matter, `WITH` lists those that are harmless.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from graymesh.targets.nginx.syntax import ParsedDirective

MAIN: Final = frozenset(
    [
        "daemon",
        "env",
        "error_log",
        "events",
        "load_module",
        "pcre_jit",
        "pid",
        "thread_pool",
        "timer_resolution",
        "user",
        "worker_cpu_affinity",
        "worker_priority",
        "worker_processes",
        "worker_rlimit_nofile",
        "worker_shutdown_timeout",
    ]
)
"""Directives of the process, outside `http`."""

_LOGS: Final = ["access_log", "error_log", "log_format", "log_not_found", "open_log_file_cache", "rewrite_log"]
_SIZES: Final = [
    "map_hash_bucket_size",
    "map_hash_max_size",
    "proxy_headers_hash_bucket_size",
    "proxy_headers_hash_max_size",
    "server_names_hash_bucket_size",
    "server_names_hash_max_size",
    "types_hash_bucket_size",
    "types_hash_max_size",
    "variables_hash_bucket_size",
    "variables_hash_max_size",
]
_CONNECTIONS: Final = [
    "client_body_buffer_size",
    "client_body_temp_path",
    "client_body_timeout",
    "client_header_buffer_size",
    "client_header_timeout",
    "client_max_body_size",
    "http2",
    "http2_max_concurrent_streams",
    "keepalive_requests",
    "keepalive_timeout",
    "large_client_header_buffers",
    "lingering_close",
    "reset_timedout_connection",
    "send_timeout",
    "sendfile",
    "tcp_nodelay",
    "tcp_nopush",
]
_PROXY: Final = [
    "grpc_buffer_size",
    "grpc_socket_keepalive",
    "proxy_buffer_size",
    "proxy_buffers",
    "proxy_busy_buffers_size",
    "proxy_hide_header",
    "proxy_ignore_client_abort",
    "proxy_max_temp_file_size",
    "proxy_redirect",
    "proxy_request_buffering",
    "proxy_socket_keepalive",
    "proxy_temp_file_write_size",
    "proxy_temp_path",
    "resolver_timeout",
]
_ANSWERS: Final = ["charset", "default_type", "etag", "gzip", "gzip_comp_level", "gzip_disable", "gzip_http_version"]
_MORE_ANSWERS: Final = ["gzip_min_length", "gzip_proxied", "gzip_types", "gzip_vary", "types"]
_ADDRESS: Final = ["real_ip_header", "real_ip_recursive"]
_TLS: Final = [
    "ssl_ciphers",
    "ssl_dhparam",
    "ssl_ecdh_curve",
    "ssl_prefer_server_ciphers",
    "ssl_protocols",
    "ssl_session_cache",
    "ssl_session_tickets",
    "ssl_session_timeout",
    "ssl_stapling",
    "ssl_stapling_verify",
    "ssl_trusted_certificate",
]
_OTHER: Final = [
    "limit_req_log_level",
    "js_path",
    "root",
    "uninitialized_variable_warn",
    "fastcgi_temp_path",
    "scgi_temp_path",
    "uwsgi_temp_path",
]

HARMLESS: Final = frozenset(
    [*_LOGS, *_SIZES, *_CONNECTIONS, *_PROXY, *_ANSWERS, *_MORE_ANSWERS, *_ADDRESS, *_TLS, *_OTHER]
)
"""Logs, sizes of tables, connections to clients, buffers, compression, by which header proxies tell the client's
address where any are trusted, certificates, and what our own directives need beside them. `root` matters only to
locations that answer from the disk."""

WITH: Final[Mapping[str, frozenset[tuple[str, ...]]]] = {
    "include": frozenset([("mime.types",), ("/etc/nginx/mime.types",)]),
    "underscores_in_headers": frozenset([("off",)]),
    "ignore_invalid_headers": frozenset([("on",)]),
    "merge_slashes": frozenset([("on",)]),
    "proxy_intercept_errors": frozenset([("off",)]),
    "proxy_pass_request_headers": frozenset([("on",)]),
    "proxy_cache": frozenset([("off",)]),
    "proxy_http_version": frozenset([("1.0",), ("1.1",)]),
    "server_tokens": frozenset([("on",), ("off",), ("build",)]),
}
"""Directives that are harmless with these arguments only."""

UPSTREAM: Final = frozenset(
    [
        "hash",
        "ip_hash",
        "keepalive",
        "keepalive_requests",
        "keepalive_time",
        "keepalive_timeout",
        "least_conn",
        "random",
        "zone",
    ]
)
"""Which instance of a version answers, and over which connection."""


def harmless(directive: ParsedDirective) -> bool:
    """May the directive be passed over? The size of a hash only when it is one: nginx does not start with another."""
    if directive.name in _SIZES:
        return len(directive.arguments) == 1 and re.fullmatch("0*[1-9][0-9]*", directive.arguments[0]) is not None
    return directive.name in HARMLESS or directive.arguments in WITH.get(directive.name, ())
