"""The shapes of single values: which text or number may stand where, and what it becomes."""

from __future__ import annotations

from typing import Final

from graymesh.language import addresses, scalars
from graymesh.language.numbers import Decimals, Whole
from graymesh.language.shapes import Text

NAME: Final = Text("a name", scalars.label, scalars.LABEL)
LOCAL_NAME: Final = Text("a name", scalars.local_name, scalars.LABEL)
VERSION_NAME: Final = Text("a version's name", scalars.label, scalars.LABEL)
SERVICE_NAME: Final = Text("a service name", scalars.service_name, scalars.SERVICE)
HOST_NAME: Final = Text("a host name", scalars.host, scalars.HOST.replace("a-z", "A-Za-z"))
LABEL_KEY: Final = Text("a label's key", scalars.label_key, scalars.LABEL_KEY, longest=317)
LABEL_VALUE: Final = Text("a label's value", scalars.label_value, scalars.LABEL_VALUE)
HEADER_NAME: Final = Text("a header's name", scalars.header_name, scalars.HEADER_NAME)
OWN_HEADER_NAME: Final = Text("a header's name", scalars.own_header_name, scalars.HEADER_NAME)
COOKIE_NAME: Final = Text("a cookie's name", scalars.cookie_name, scalars.COOKIE_NAME)
QUERY_NAME: Final = Text("a query parameter's name", scalars.query_name, scalars.QUERY_NAME)
CLAIM_NAME: Final = Text("a claim's name", scalars.claim_name, scalars.CLAIM_NAME)
VALUE: Final = Text("a value", scalars.plain_text, scalars.TEXT)
COOKIE_VALUE: Final = Text("a cookie's value", scalars.cookie_value, scalars.COOKIE_VALUE)
QUERY_VALUE: Final = Text("a query parameter's value", scalars.query_value, scalars.QUERY_VALUE)
PROSE: Final = Text("a text", scalars.prose)
PATH: Final = Text("a path", scalars.path, scalars.PATH)
METHOD: Final = Text("a request method", scalars.method, "|".join(scalars.METHODS))
ACCEPTED_CODE: Final = Text("a code", scalars.accepted_code, scalars.ACCEPTED_CODE)

DURATION_MS: Final = Text("a duration", scalars.duration_ms, scalars.DURATION, unit="s")
DURATION_SECONDS: Final = Text("a duration", scalars.duration_seconds, scalars.DURATION, unit="s")
PERCENTAGE: Final = Text("a percentage", scalars.percentage_basis_points, scalars.PERCENTAGE, unit="%")
WEIGHT: Final = Decimals(scalars.weight_basis_points, 0, 100)
QUANTILE: Final = Decimals(scalars.quantile_basis_points, 0, 1)
PORT: Final = Whole(1, 65_535)

NETWORK: Final = Text("a network", addresses.network, addresses.CIDR)
ADDRESS: Final = Text("an address", addresses.address, "[0-9a-fA-F:.]+")
ENDPOINT: Final = Text("an endpoint", addresses.endpoint, addresses.ENDPOINT)
HTTPS_URL: Final = Text("an https address", addresses.https_url, addresses.HTTPS_URL)
ISSUER: Final = Text("an issuer", addresses.issuer, addresses.ISSUER)
IMAGE: Final = Text("a container image", addresses.image, addresses.IMAGE)
FILE_PATTERN: Final = Text("a pattern of files", addresses.file_pattern, rf"(?:\./)?{addresses.FILE_PATTERN}")
FOLDER: Final = Text("a folder", addresses.folder, rf"(?:\./)?{addresses.FOLDER}/?")
