"""What pulumi-random computes: really random, new in every rehearsal."""

import base64
import secrets
import string
from typing import Any

from rehearsal.aws.control_plane import ControlPlane

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"


def password(_plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    kinds = {
        "upper": string.ascii_uppercase,
        "lower": string.ascii_lowercase,
        "numeric": string.digits,
        "special": inputs.get("overrideSpecial") or _SPECIAL,
    }
    alphabet = "".join(letters for kind, letters in kinds.items() if inputs.get(kind, True))
    result = "".join(secrets.choice(alphabet) for _ in range(inputs["length"]))
    return {"id": "none", "result": result}


def identifier(_plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    raw = secrets.token_bytes(inputs["byteLength"])
    return {"id": _url_safe(raw), "hex": raw.hex(), "b64Url": _url_safe(raw), **_base64(raw)}


def token(_plane: ControlPlane, _name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    raw = secrets.token_bytes(inputs["length"])
    return {"id": "none", "hex": raw.hex(), "base64": base64.b64encode(raw).decode()}


def _base64(raw: bytes) -> dict[str, str]:
    return {"b64Std": base64.b64encode(raw).decode(), "dec": str(int.from_bytes(raw))}


def _url_safe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


CREATORS = {
    "random:index/randomPassword:RandomPassword": password,
    "random:index/randomId:RandomId": identifier,
    "random:index/randomBytes:RandomBytes": token,
}
