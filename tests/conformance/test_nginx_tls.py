"""nginx in TLS: HTTP/2 and HTTP/1.1 at one port, calls of gRPC through it, and names that have no certificate."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
import httpx
import pytest

from graymesh.kit.registry import target
from tests.conformance import nginx_setup, sockets
from tests.helpers import case_from
from tests.nginx import engine as private

if nginx_setup.missing():
    pytest.skip(f"TLS AND GRPC AT NGINX ARE NOT TRIED: {nginx_setup.missing()}", allow_module_level=True)

HOST: Final = "shop.example.com"
ADDRESSES: Final = {"127.8.8.1": "v1", "127.8.9.1": "v2"}
SERVICE: Final = "helloworld.Greeter"
TESTERS: Final = {"x-canary": "1"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The options of nginx for a certificate that signs itself."""
    folder = tmp_path_factory.mktemp("tls")
    files = {"tlsCertificate": str(folder / "shop.crt"), "tlsKey": str(folder / "shop.key")}
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=DNS:{HOST}", "-out", files["tlsCertificate"], "-keyout", files["tlsKey"]]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return files


@contextmanager
def _served(folder: Path, upstream: int, options: Mapping[str, Any], protocol: str = "http") -> Iterator[int]:
    """The port of an nginx with the compiled files, for versions at that port of their addresses."""
    port = private.free_port()
    spec = {
        "service": {"port": 8080, "domains": [HOST], "protocol": protocol},
        "stable": "v1",
        "versions": {name: {"endpoints": [f"{address}:{upstream}"]} for address, name in ADDRESSES.items()},
        "audiences": {"testers": [{"headers": TESTERS}]},
        "routes": [{"name": "testers", "audience": "testers", "version": "v2"}],
        "notice": {"header": "X-Gray-Notice", "value": "you try v2"},
        "trace": {"header": "X-Gray-Trace"},
        "stages": [{"name": "none", "weight": 0, "hold": "1h"}, {"name": "full", "weight": 100}],
        "targets": {"nginx": {"tlsListen": port, **options}},
    }
    metadata = {"name": "shop", "namespace": "default"}
    data = {"apiVersion": "graymesh.io/v1alpha1", "kind": "Rollout", "metadata": metadata, "spec": spec}
    case, findings = case_from(json.dumps(data))
    assert case, findings
    nginx = target("nginx")
    files = nginx.emit(nginx.lower([case.view(nginx.manifest)]))
    at_loopback = {path: text.replace(f"listen {port} ", f"listen 127.0.0.1:{port} ") for path, text in files.items()}
    process = private.started(folder, at_loopback, port)
    try:
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


@contextmanager
def _greeters(port: int) -> Iterator[None]:
    """gRPC servers that answer with their version, the metadata that they got and the name that was called."""
    with ExitStack() as stack:
        for address, version in ADDRESSES.items():
            server = grpc.server(futures.ThreadPoolExecutor(4))
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, _methods(version)),))
            assert server.add_insecure_port(f"{address}:{port}")
            server.start()
            stack.callback(lambda server=server: server.stop(None).wait(20))
        yield


def _methods(version: str) -> Mapping[str, grpc.RpcMethodHandler]:
    def say_hello(request: bytes, context: grpc.ServicerContext) -> bytes:
        context.set_trailing_metadata((("x-served-by", version),))
        if request == b"fail":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{version} does not want to")
        seen = {str(name): str(value) for name, value in context.invocation_metadata()}
        return json.dumps({"version": version, "seen": seen}).encode()

    def count(requests: Iterator[bytes], _context: grpc.ServicerContext) -> Iterator[bytes]:
        for number, request in enumerate(requests):
            yield f"{version} {number} {len(request)}".encode()

    return {
        "SayHello": grpc.unary_unary_rpc_method_handler(say_hello),
        "Count": grpc.stream_stream_rpc_method_handler(count),
    }


@contextmanager
def _channel(port: int, certificate: Mapping[str, str]) -> Iterator[grpc.Channel]:
    trusted = grpc.ssl_channel_credentials(Path(certificate["tlsCertificate"]).read_bytes())
    options = [("grpc.ssl_target_name_override", HOST), ("grpc.enable_http_proxy", 0)]
    with grpc.secure_channel(f"127.0.0.1:{port}", trusted, options) as channel:
        yield channel


def test_calls_of_grpc(certificate: Mapping[str, str], tmp_path: Path) -> None:
    upstream = private.free_port()
    with (
        _greeters(upstream),
        _served(tmp_path, upstream, certificate, "grpc") as port,
        _channel(port, certificate) as channel,
    ):
        call = channel.unary_unary(f"/{SERVICE}/SayHello")
        for metadata, version in ((tuple(TESTERS.items()), "v2"), ((), "v1")):
            answer, done = call.with_call(b"hello", metadata=metadata, timeout=20)
            told = json.loads(answer)
            assert told["version"] == version
            assert dict(done.trailing_metadata())["x-served-by"] == version
            assert ("x-gray-notice" in dict(done.initial_metadata())) == (version == "v2")
            assert ("x-gray-trace" in told["seen"]) == (version == "v2")
            assert told["seen"]["x-forwarded-proto"] == "https"
            assert told["seen"]["x-real-ip"] == "127.0.0.1"
            assert told["seen"].get("host", HOST) == HOST


def test_failures_of_grpc_are_passed_on(certificate: Mapping[str, str], tmp_path: Path) -> None:
    upstream = private.free_port()
    with (
        _greeters(upstream),
        _served(tmp_path, upstream, certificate, "grpc") as port,
        _channel(port, certificate) as channel,
    ):
        with pytest.raises(grpc.RpcError) as failed:
            channel.unary_unary(f"/{SERVICE}/SayHello")(b"fail", metadata=tuple(TESTERS.items()), timeout=20)
        assert failed.value.code() is grpc.StatusCode.FAILED_PRECONDITION  # type: ignore[attr-defined]
        assert failed.value.details() == "v2 does not want to"  # type: ignore[attr-defined]


def test_streams_in_both_directions(certificate: Mapping[str, str], tmp_path: Path) -> None:
    """Each message is answered before the next is sent, so that nothing on the way waits for the end of a stream."""
    upstream = private.free_port()
    with (
        _greeters(upstream),
        _served(tmp_path, upstream, certificate, "grpc") as port,
        _channel(port, certificate) as channel,
    ):
        answered: list[bytes] = []

        def messages() -> Iterator[bytes]:
            yield b"x" * 100
            for number in range(1, 3):
                while len(answered) < number:  # ends with the call's deadline
                    socket.socket().close()
                yield b"x" * 100

        for answer in channel.stream_stream(f"/{SERVICE}/Count")(
            messages(), metadata=tuple(TESTERS.items()), timeout=20
        ):
            answered.append(answer)
        assert answered == [b"v2 0 100", b"v2 1 100", b"v2 2 100"]


@pytest.mark.parametrize("http2", [True, False], ids=["HTTP/2", "HTTP/1.1"])
def test_both_forms_of_http_at_one_port(certificate: Mapping[str, str], tmp_path: Path, http2: bool) -> None:
    upstream = private.free_port()
    with (
        sockets.echoing({(address, upstream): version for address, version in ADDRESSES.items()}),
        _served(tmp_path, upstream, certificate) as port,
        httpx.Client(http2=http2, verify=ssl.create_default_context(cafile=certificate["tlsCertificate"])) as client,
    ):
        for headers, version in ((TESTERS, "v2"), ({}, "v1")):
            request = client.build_request("GET", f"https://127.0.0.1:{port}/a?b=c", headers={**headers, "Host": HOST})
            request.extensions["sni_hostname"] = HOST
            answer = client.send(request)
            assert answer.status_code == 200
            assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            assert answer.headers["x-served-by"] == version
            assert answer.headers["x-seen-host"] == HOST
            assert answer.headers["x-seen-x-forwarded-proto"] == "https"
            assert answer.headers["x-seen-x-forwarded-port"] == str(port)
            assert answer.headers.get("x-gray-notice") == ("you try v2" if version == "v2" else None)


@pytest.mark.parametrize("name", ["other.example.com", None])
def test_names_without_a_certificate_are_told_nothing(
    certificate: Mapping[str, str], tmp_path: Path, name: str | None
) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        _served(tmp_path, private.free_port(), certificate) as port,
        socket.create_connection(("127.0.0.1", port), timeout=20) as connection,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(connection, server_hostname=name)


def test_nginx_itself_says_nothing_of_the_files(certificate: Mapping[str, str], tmp_path: Path) -> None:
    specs: Sequence[Mapping[str, Any]] = [{}, {"ipv6": True}, {"trustedProxies": ["10.0.0.0/8"]}]
    for number, options in enumerate(specs):
        with _served(tmp_path / str(number), private.free_port(), {**certificate, **options}, "grpc"):
            said, _ = private.checked(tmp_path / str(number), {})
            assert said == ""
