"""What the app must know and nobody else may: encrypted, and changed without logging anyone out."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra.settings import SecretsSettings


@dataclass(frozen=True, kw_only=True)
class SecretsArgs:
    settings: SecretsSettings
    key_arn: pulumi.Input[str]
    redis_url: pulumi.Input[str]


class Secrets(pulumi.ComponentResource):
    """SECRET_KEY (JSON with `current`, `previous` and `next`), REDIS_URL and the probe token.

    Raising `generation` makes the next key current and keeps the old one as previous: cookies
    signed with it stay valid for one more generation. Tasks of the generation before serve beside
    new ones for as long as a refresh or a ladder takes, and know the key that those sign with.
    """

    secret_key_arn: pulumi.Output[str]
    """Secret with the JSON keys `current`, `previous` and `next`."""
    redis_url_arn: pulumi.Output[str]
    """Secret that is the URL."""
    probe_token_arn: pulumi.Output[str]
    """Secret that is the token."""
    probe_token: pulumi.Output[str]
    """Secret: 64 hexadecimal characters, for the firewall's first rule."""
    sentry_dsn_arn: str | None
    """Secret that the team made itself, where it uses Sentry."""

    def __init__(
        self, name: str, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Secrets", name, None, opts)
        # Of the generation before, this and the next; the first one's predecessor signed nothing.
        generation = args.settings.generation
        keys = {
            part: random.RandomPassword(
                f"{name}-secret-key-g{number}",
                length=64,
                special=False,
                # Dropped when its generation is past, where the data is protected.
                opts=pulumi.ResourceOptions(parent=self, protect=False),
            ).result
            for part, number in (
                ("previous", generation - 1),
                ("current", generation),
                ("next", generation + 1),
            )
        }
        self.probe_token = random.RandomBytes(
            f"{name}-probe-token", length=32, opts=pulumi.ResourceOptions(parent=self)
        ).hex
        self.secret_key_arn = self._secret(
            f"{name}-secret-key",
            "Signs the app's sessions; the previous and the next key verify too",
            pulumi.Output.json_dumps(keys, sort_keys=True),
            args,
        )
        self.redis_url_arn = self._secret(
            f"{name}-redis-url", "The app's Redis, with its login", args.redis_url, args
        )
        self.probe_token_arn = self._secret(
            f"{name}-probe-token",
            "Lets a probe past the limits and into a slot",
            self.probe_token,
            args,
        )
        self.sentry_dsn_arn = args.settings.sentry_dsn_secret
        self.register_outputs(
            {
                "secret_key_arn": self.secret_key_arn,
                "redis_url_arn": self.redis_url_arn,
                "probe_token_arn": self.probe_token_arn,
            }
        )

    def _secret(
        self, name: str, description: str, value: pulumi.Input[str], args: SecretsArgs
    ) -> pulumi.Output[str]:
        secret = aws.secretsmanager.Secret(
            name,
            description=description,
            kms_key_id=args.key_arn,
            recovery_window_in_days=args.settings.recovery_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.secretsmanager.SecretVersion(
            f"{name}-value",
            secret_id=secret.arn,
            secret_string=value,
            # A new value is a new version that replaces this one.
            opts=pulumi.ResourceOptions(parent=self, protect=False),
        )
        return secret.arn
