"""Values that all engines read alike, as patterns: the spec takes these, and requests that try engines hold them.

Sources: RFC 9110 §5.5 (headers), RFC 6265 §4.1.1 (cookies), RFC 3986 §3.4 (queries, without `&`, which parts them, and
`+`, which some engines take for a blank).
"""

from __future__ import annotations

from typing import Final

TEXT: Final = "[!-~](?:[ -~]*[!-~])?"
COOKIE_VALUE: Final = r"[!#-+\--:<-\[\]-~]+"
QUERY_VALUE: Final = "[!$'()*,-;=?-Z_a-z~]+"
