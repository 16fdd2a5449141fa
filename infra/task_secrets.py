"""The secrets that tasks are given, by their ARNs: which container gets what, and who may read."""

from dataclasses import dataclass

import pulumi


@dataclass(frozen=True, kw_only=True)
class TaskSecrets:
    """ARNs of what the containers are given as ECS secrets."""

    secret_key: pulumi.Input[str]
    redis_url: pulumi.Input[str]
    probe_token: pulumi.Input[str]
    login: pulumi.Input[str]
    owner: pulumi.Input[str]
    sentry_dsn: str | None

    @property
    def of_app(self) -> dict[str, pulumi.Input[str]]:
        """`valueFrom` by the app's variable."""
        found: dict[str, pulumi.Input[str]] = {
            "SECRET_KEY": pulumi.Output.concat(self.secret_key, ":current::"),
            "SECRET_KEY_PREVIOUS": pulumi.Output.concat(self.secret_key, ":previous::"),
            "SECRET_KEY_NEXT": pulumi.Output.concat(self.secret_key, ":next::"),
            "REDIS_URL": self.redis_url,
        }
        return found if self.sentry_dsn is None else {**found, "SENTRY_DSN": self.sentry_dsn}

    @property
    def read_by_slots(self) -> dict[str, pulumi.Input[str]]:
        """Those that ECS reads for a task of a slot, by name."""
        return {**self._read_by_all, "probe_token": self.probe_token}

    @property
    def read_by_migrations(self) -> dict[str, pulumi.Input[str]]:
        """Those that it reads for a migration."""
        return {**self._read_by_all, "owner": self.owner}

    @property
    def _read_by_all(self) -> dict[str, pulumi.Input[str]]:
        found = {"login": self.login, "redis_url": self.redis_url, "secret_key": self.secret_key}
        return found if self.sentry_dsn is None else {**found, "sentry_dsn": self.sentry_dsn}
