"""What is released: the service, its versions, and what runs it."""

from typing import Annotated, Literal

from pydantic import Field

from graymesh.language.part import UNIQUE, Entries, Maybe, Part
from graymesh.language.values import TrueOrFalse, Whole
from graymesh.language.words import Endpoint, HostName, Image, LabelKey, LabelValue, Name, Port

MOST_VERSIONS = 10
_MOST_LABELS = 16


class ServiceSpec(Part):
    """Where the service is reached."""

    host: Maybe[HostName] = Field(
        default=None,
        description="Host name inside the mesh; <name>.<namespace>.svc.cluster.local when left out.",
        examples=["product-service.default.svc.cluster.local"],
    )
    port: Port = Field(description="The service's port.", examples=[8080])
    protocol: Literal["http", "http2", "grpc"] = Field(
        default="http",
        description="What all versions speak at the port: http is HTTP/1.1; http2 and grpc are HTTP/2 without TLS.",
        examples=["grpc"],
    )
    streams: Annotated[bool, TrueOrFalse()] = Field(
        default=False,
        description="Answers may stay open and go on: event streams, long polls, WebSockets, streaming calls of gRPC.",
        examples=[True],
    )
    domains: Annotated[tuple[HostName, ...], Entries(0, 100), UNIQUE] = Field(
        default=(), description="Public host names at the edge.", examples=[["shop.example.com"]]
    )


class VersionSpec(Part):
    """One running version of the service."""

    labels: Maybe[Annotated[dict[LabelKey, LabelValue], Entries(1, _MOST_LABELS)]] = Field(
        default=None,
        description="Labels that select its pods; {version: <name>} when left out.",
        examples=[{"version": "v2"}],
    )
    endpoints: Annotated[tuple[Endpoint, ...], Entries(0, 1000), UNIQUE] = Field(
        default=(),
        description="Addresses of its instances, for engines that do not discover them.",
        examples=[["10.0.2.11:8080"]],
    )
    image: Maybe[Image] = Field(
        default=None, description="Its container image.", examples=["registry.example.com/product:v2.1.0"]
    )
    replicas: Maybe[Annotated[int, Whole(0, 100_000)]] = Field(
        default=None, description="How many instances run.", examples=[2]
    )
    retired: Annotated[bool, TrueOrFalse()] = Field(
        default=False,
        description="It is going: engines still know it, but nothing may send requests there any more.",
        examples=[True],
    )


class WorkloadSpec(Part):
    """What runs the service."""

    kind: Literal["Deployment", "StatefulSet", "DaemonSet"] = Field(
        default="Deployment", description="Kind of the Kubernetes object.", examples=["Deployment"]
    )
    name: Name = Field(description="Its name.", examples=["product-service"])
    container: Maybe[Name] = Field(default=None, description="The container that runs the image.", examples=["app"])
