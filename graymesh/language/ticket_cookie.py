"""The cookie that carries users' tickets: a name, or a name with what browsers are told about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import core_schema

from graymesh.did_you_mean import quoted
from graymesh.ir.release import SetCookie
from graymesh.language.part import Maybe, Part
from graymesh.language.problems import Malformed
from graymesh.language.values import Schema, TrueOrFalse
from graymesh.language.words import COOKIE_NAME, CookieName, CookiePath, DurationSeconds, HostName

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

USUAL_AGE_SECONDS: Final = 30 * 24 * 3600


class TicketCookie(Part):
    """The cookie, and what browsers are told about it."""

    name: CookieName = Field(description="Its name.", examples=["gray-ticket"])
    max_age_seconds: Maybe[DurationSeconds] = Field(
        alias="maxAge", default=None, description="How long a browser keeps it; 30 days.", examples=["720h"]
    )
    session: Annotated[bool, TrueOrFalse()] = Field(
        default=False, description="It is gone when the browser is closed.", examples=[True]
    )
    domain: Maybe[HostName] = Field(
        default=None,
        description="Names below this one share it; else it belongs to the host that was asked.",
        examples=["example.com"],
    )
    path: CookiePath = Field(
        default="/",
        description="Below this path browsers send it; users of other paths draw anew.",
        examples=["/shop"],
    )
    secure: Annotated[bool, TrueOrFalse()] = Field(
        default=False, description="Browsers send it by HTTPS only.", examples=[True]
    )
    same_site: Literal["Lax", "Strict", "None"] = Field(
        default="Lax",
        description="Whether it comes with requests from other sites; `None` needs `secure`.",
        examples=["Strict"],
    )

    @model_validator(mode="after")
    def _a_browser_keeps_it(self) -> Self:
        """RFC 6265bis §4.1.3 (names) and §5.6 (SameSite): browsers drop what breaks these rules, without a word."""
        if self.session and self.max_age_seconds is not None:
            raise Malformed("GM110", "the cookie has an age", "leave out maxAge or session", below=("session",))
        if self.same_site == "None" and not self.secure:
            message = "browsers drop cookies of sameSite None that are not secure"
            raise Malformed("GM110", message, "add secure: true", below=("sameSite",))
        name = self.name.lower()
        if name.startswith(("__secure-", "__host-")) and not self.secure:
            message = f"browsers drop {quoted(self.name)} unless it is secure"
            raise Malformed("GM110", message, "add secure: true", below=("name",))
        if name.startswith("__host-") and (self.domain or self.path != "/"):
            message = f"browsers drop {quoted(self.name)} with a domain or another path than /"
            raise Malformed("GM110", message, "leave them out, or choose another name", below=("name",))
        return self

    def given(self, age_seconds: int | None) -> SetCookie:
        """The cookie as answers set it; `age_seconds` counts where the cookie says nothing of its own."""
        age = None if self.session else self.max_age_seconds or age_seconds or USUAL_AGE_SECONDS
        return SetCookie(
            self.name,
            max_age_seconds=age,
            passed_on=True,
            path=self.path,
            domain=self.domain or "",
            secure=self.secure,
            same_site=self.same_site,
        )


class NameOrMapping:
    """A cookie's name may stand for a mapping with nothing else in it."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        inner = handler(source)
        back = core_schema.wrap_serializer_function_ser_schema(_name_alone, schema=inner)
        return core_schema.no_info_before_validator_function(_in_mapping, inner, serialization=back)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        return {"title": "Cookie", "anyOf": [COOKIE_NAME.schema(), handler(schema)]}


def foreign_domains(cookie: TicketCookie, hosts: Sequence[str]) -> list[str]:
    """The hosts whose answers cannot set the cookie, since its domain is neither theirs nor above them."""
    domain = cookie.domain
    return [host for host in hosts if domain and host != domain and not host.endswith(f".{domain}")]


def _in_mapping(value: Any) -> Any:
    return value if isinstance(value, dict) else {"name": COOKIE_NAME.read(value)}


def _name_alone(value: Any, write: Callable[[Any], dict[str, Any]]) -> Any:
    shown = write(value)
    return shown["name"] if shown.keys() == {"name"} else shown
