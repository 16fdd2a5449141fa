"""Users of an ElastiCache user group, as lines of Redis's own ACL file."""

import hashlib
from dataclasses import dataclass, field

# ElastiCache takes these from every user, whatever the access string says (AWS documentation,
# "Supported and restricted Valkey and Redis OSS commands").
RESTRICTED = (
    *("acl|deluser", "acl|load", "acl|save", "acl|setuser"),
    *("bgrewriteaof", "bgsave", "config", "debug", "migrate", "module", "psync"),
    *("replicaof", "save", "shutdown", "slaveof", "sync"),
)


@dataclass(frozen=True, kw_only=True)
class User:
    """A user of an ElastiCache user group: up to two passwords, so that they can rotate."""

    name: str
    access_string: str
    passwords: tuple[str, ...] = field(repr=False)


def acl_line(user: User) -> str:
    """The user's line of an ACL file. Passwords are written as Redis keeps them: as SHA-256."""
    hashes = (hashlib.sha256(password.encode()).hexdigest() for password in user.passwords)
    return " ".join(["user", user.name, *(f"#{digest}" for digest in hashes), user.access_string])


def restricted_acl_line(user: User) -> str:
    """The same, without the commands that ElastiCache keeps to itself."""
    return " ".join([acl_line(user), *(f"-{command}" for command in RESTRICTED)])
