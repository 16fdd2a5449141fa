"""Requests to AWS, as they arrive: which operation of which service, of what, in whose name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, unquote

# A request's body is read whole; no operation of a cutover sends more (a page has 1 MiB at most).
_MOST_BYTES = 16 * 1024**2


@dataclass(frozen=True)
class Call:
    """One request to AWS; `service` is the name that it was signed for, such as `sns`.

    `operation` is the API's name of it, such as Publish, and GET, HEAD or PUT of S3's; `given` its
    outermost arguments; `key` the id of the access key that signed it.
    """

    at: float
    """Seconds since the epoch."""
    service: str
    operation: str = ""
    region: str = ""
    key: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Session:
    """What a role's temporary keys were given out with: the role's ARN, and a policy that bounds
    it; empty without one."""

    role: str
    policy: str


def read(environ: dict[str, Any], at: float) -> Call:
    """The call that a WSGI server was sent; its body can be read again."""
    # Signature of version 4: key/date/region/service/aws4_request.
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    key, region, service = (scope[0], scope[2], scope[3]) if len(scope) > 3 else ("", "", "")
    if service == "s3":
        operation, given = environ["REQUEST_METHOD"], _of_s3(environ)
    else:
        operation, given = _operation(environ, _body(environ))
    return Call(at, service, operation, region, key, given)


def _of_s3(environ: Mapping[str, Any]) -> dict[str, str]:
    bucket, _, key = unquote(environ["PATH_INFO"]).removeprefix("/").partition("/")
    query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    return query | {"Bucket": bucket, "Key": key}


def _operation(environ: Mapping[str, Any], body: bytes) -> tuple[str, Mapping[str, Any]]:
    """Of the protocols that botocore speaks: JSON by its target, CBOR by its path, or a form."""
    if target := environ.get("HTTP_X_AMZ_TARGET", ""):
        return target.rpartition(".")[2], _json(body)
    path, _, operation = environ["PATH_INFO"].rpartition("/operation/")
    if path:
        return operation, {}
    form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    return form.pop("Action", ""), form


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}  # whoever sent it hears of it from AWS
    return found if isinstance(found, dict) else {}


def _body(environ: dict[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > _MOST_BYTES:
        return b""
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    return body
