"""The named types of single values: which text or number may stand where, and what it becomes."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from graymesh.ir import alphabets, tickets, wording
from graymesh.language import addresses, scalars, written
from graymesh.language.values import Decimals, Reference, Text, Whole

Name: TypeAlias = Annotated[str, Text("a name", scalars.label, scalars.LABEL)]
LocalName: TypeAlias = Annotated[str, Text("a name", scalars.local_name, scalars.LABEL)]
VERSION_NAME: Final = Text("a version's name", scalars.label, scalars.LABEL)
VersionName: TypeAlias = Annotated[str, VERSION_NAME]
ServiceName: TypeAlias = Annotated[str, Text("a service name", scalars.service_name, scalars.SERVICE)]
HOST_NAME: Final = Text("a host name", scalars.host, scalars.HOST.replace("a-z", "A-Za-z"))
HostName: TypeAlias = Annotated[str, HOST_NAME]
HOST_END: Final = Text("the end of a host name", scalars.host_end, scalars.HOST_END.replace("a-z", "A-Za-z"))
LabelKey: TypeAlias = Annotated[str, Text("a label's key", scalars.label_key, scalars.LABEL_KEY, longest=317)]
LabelValue: TypeAlias = Annotated[str, Text("a label's value", scalars.label_value, scalars.LABEL_VALUE)]
HEADER_NAME: Final = Text("a header's name", scalars.header_name, scalars.HEADER_NAME)
HeaderName: TypeAlias = Annotated[str, HEADER_NAME]
OwnHeaderName: TypeAlias = Annotated[str, Text("a header's name", scalars.own_header_name, scalars.HEADER_NAME)]
COOKIE_NAME: Final = Text("a cookie's name", scalars.cookie_name, scalars.COOKIE_NAME)
CookieName: TypeAlias = Annotated[str, COOKIE_NAME]
QUERY_NAME: Final = Text("a query parameter's name", scalars.query_name, scalars.QUERY_NAME)
QueryName: TypeAlias = Annotated[str, QUERY_NAME]
CLAIM_NAME: Final = Text("a claim's name", scalars.claim_name, scalars.CLAIM_NAME)
ClaimName: TypeAlias = Annotated[str, CLAIM_NAME]
VALUE: Final = Text("a value", scalars.plain_text, alphabets.TEXT)
Value: TypeAlias = Annotated[str, VALUE]
COOKIE_VALUE: Final = Text("a cookie's value", scalars.cookie_value, alphabets.COOKIE_VALUE)
CookieValue: TypeAlias = Annotated[str, COOKIE_VALUE]
QUERY_VALUE: Final = Text("a query parameter's value", scalars.query_value, alphabets.QUERY_VALUE)
QueryValue: TypeAlias = Annotated[str, QUERY_VALUE]
Prose: TypeAlias = Annotated[str, Text("a text", scalars.prose)]
PATH: Final = Text("a path", scalars.path, scalars.PATH)
Path: TypeAlias = Annotated[str, PATH]
PATH_END: Final = Text("the end of a path", scalars.path_end, scalars.PATH_END)
Method: TypeAlias = Annotated[str, Text("a request method", scalars.method, "|".join(scalars.METHODS))]
AcceptedCode: TypeAlias = Annotated[str, Text("a code", scalars.accepted_code, scalars.ACCEPTED_CODE)]
DurationMs: TypeAlias = Annotated[
    int, Text("a duration", scalars.duration_ms, scalars.DURATION, unit="s", back=wording.duration)
]
DurationSeconds: TypeAlias = Annotated[
    int, Text("a duration", scalars.duration_seconds, scalars.DURATION, unit="s", back=written.duration_of_seconds)
]
PERCENTAGE: Final = Text(
    "a percentage", scalars.percentage_basis_points, scalars.PERCENTAGE, unit="%", back=wording.percent
)
Percentage: TypeAlias = Annotated[int, PERCENTAGE]
Weight: TypeAlias = Annotated[int, Decimals(scalars.weight_basis_points, written.weight, 0, 100)]
Quantile: TypeAlias = Annotated[int, Decimals(scalars.quantile_basis_points, written.quantile, 0, 1)]
Port: TypeAlias = Annotated[int, Whole(1, 65_535)]
Network: TypeAlias = Annotated[str, Text("a network", addresses.network, addresses.CIDR)]
Address: TypeAlias = Annotated[str, Text("an address", addresses.address, "[0-9a-fA-F:.]+")]
Endpoint: TypeAlias = Annotated[str, Text("an endpoint", addresses.endpoint, addresses.ENDPOINT)]
CohortName: TypeAlias = Annotated[str, Text("a cohort's name", scalars.cohort, scalars.COHORT)]
CookiePath: TypeAlias = Annotated[str, Text("a path", scalars.cookie_path, scalars.COOKIE_PATH)]
Bucket: TypeAlias = Annotated[int, Text("a bucket", scalars.bucket, scalars.BUCKET, back=tickets.written)]
HttpsUrl: TypeAlias = Annotated[str, Text("an https address", addresses.https_url, addresses.HTTPS_URL)]
Origin: TypeAlias = Annotated[str, Text("an origin", addresses.origin, addresses.ORIGIN)]
Issuer: TypeAlias = Annotated[str, Text("an issuer", addresses.issuer, addresses.ISSUER)]
Image: TypeAlias = Annotated[str, Text("a container image", addresses.image, addresses.IMAGE)]
FilePattern: TypeAlias = Annotated[
    str, Text("a pattern of files", addresses.file_pattern, rf"(?:\./)?{addresses.FILE_PATTERN}")
]
Folder: TypeAlias = Annotated[str, Text("a folder", addresses.folder, rf"(?:\./)?{addresses.FOLDER}/?")]

VersionRef: TypeAlias = Annotated[str, Reference("version")]
AudienceRef: TypeAlias = Annotated[str, Reference("audience")]
StageRef: TypeAlias = Annotated[str, Reference("stage")]
