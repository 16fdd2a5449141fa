"""One policy of security headers for each kind of answer, for nginx and CloudFront alike.

`API` is what nginx adds to every answer of the backend, errors of its own included; `PAGES` is what
CloudFront adds to the frontend. Values: OWASP Secure Headers Project, headers_add.json of 2026-09.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

# What may stand between double quotes in an nginx file: no quote, no backslash, no `$` (nginx would
# look for a variable) and nothing outside printable ASCII, so no line break either.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_VALUE = re.compile(r'(?:(?!["\\$])[ -~])+')

# Clear-Site-Data belongs to a logout alone, and Cache-Control to whoever knows what may be cached;
# X-XSS-Protection and Expect-CT do harm or nothing in today's browsers.
_OTHER = MappingProxyType(
    {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": (
            "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(), "
            "cross-origin-isolated=(), display-capture=(), encrypted-media=(), fullscreen=(), "
            "gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), "
            "interest-cohort=(), keyboard-map=(), magnetometer=(), microphone=(), midi=(), "
            "payment=(), picture-in-picture=(), publickey-credentials-get=(), "
            "screen-wake-lock=(), serial=(), sync-xhr=(self), unload=(), usb=(), web-share=(), "
            "xr-spatial-tracking=()"
        ),
        "X-DNS-Prefetch-Control": "off",
        "X-Permitted-Cross-Domain-Policies": "none",
    }
)


@dataclass(frozen=True, kw_only=True)
class HeaderPolicy:
    """Headers that no configuration can misread: a quote, `$` or line break is refused.

    The first four fields are what CloudFront calls *security headers* and takes as typed arguments,
    with X-Content-Type-Options, which is always sent; `other` (name to value) is what it takes as
    *custom headers*. Raises ValueError for a name or value that can't be written safely.
    """

    content_security_policy: str
    hsts_seconds: int = 63_072_000  # two years, Mozilla's minimum; subdomains are always included
    frame_option: str = "DENY"
    referrer_policy: str = "no-referrer"
    # Python 3.11 takes a mappingproxy for a mutable default.
    other: Mapping[str, str] = field(default_factory=lambda: _OTHER)

    def __post_init__(self) -> None:
        object.__setattr__(self, "other", MappingProxyType(dict(self.other)))
        seen: set[str] = set()
        for name, value in (*self._typed().items(), *self.other.items()):
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"header policy: {name!r} is no header name; use letters, digits and hyphens"
                )
            if not _VALUE.fullmatch(value):
                raise ValueError(
                    f"header policy: {name} is {value!r}; use printable ASCII "
                    'without ", \\ and $, and at least one character'
                )
            if name.lower() in seen:
                raise ValueError(f"header policy: {name} is given twice; leave one of them out")
            seen.add(name.lower())

    def headers(self) -> dict[str, str]:
        """Every header as it goes over the wire, by name."""
        return {**self._typed(), **self.other}

    def _typed(self) -> dict[str, str]:
        return {
            "Strict-Transport-Security": f"max-age={self.hsts_seconds}; includeSubDomains",
            "Content-Security-Policy": self.content_security_policy,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": self.frame_option,
            "Referrer-Policy": self.referrer_policy,
        }

    def nginx_lines(self) -> str:
        """The headers as `add_header` lines, one a line: the format of SECURITY_HEADERS.

        `always`, or nginx would leave them off 4xx and 5xx.
        """
        return "\n".join(
            f'add_header {name} "{value}" always;' for name, value in self.headers().items()
        )


# An API returns data: a browser that is made to show an answer as a page may load nothing with it.
API = HeaderPolicy(
    content_security_policy=(
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
)

# What a built React bundle needs and no more: its own files, and the small images and fonts that
# bundlers inline as data: URLs. No 'unsafe-inline': it would undo the rest.
PAGES = HeaderPolicy(
    content_security_policy=(
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'self'; "
        "object-src 'none'; frame-ancestors 'none'; upgrade-insecure-requests"
    )
)

# What S3 says about the bucket and no browser needs; the key's ARN holds the account number.
REMOVED_FROM_PAGES = (
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-version-id",
)
