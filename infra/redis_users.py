"""The app's Redis login of this generation and the one before; nobody else gets in."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra.settings import RedisEngine

# What Flask-Caching and Flask-Limiter need: reading, writing, transactions and scripts, on any key;
# no pub/sub, no KEYS, FLUSHALL or CONFIG. ElastiCache gives it back in this order, keys first.
ACCESS = "on ~* -@all +@read +@write +@connection +@transaction +@scripting -@admin -@dangerous"
NO_ACCESS = "off -@all"


@dataclass(frozen=True, kw_only=True)
class RedisUsersArgs:
    engine: RedisEngine
    generation: int


class RedisUsers(pulumi.ComponentResource):
    """A user group with one user per living generation.

    Raising the generation adds a user and keeps the one that running tasks still use. Another
    engine gets users and a group of its own, with the same names and passwords.
    """

    group_id: pulumi.Output[str]
    """Id of the user group."""
    user_name: str
    """Name of the newest user."""
    password: pulumi.Output[str]
    """Secret: password of the newest user."""

    def __init__(
        self, name: str, args: RedisUsersArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:RedisUsers", name, None, opts)
        # Generations and engines come and go where the data is protected.
        self._spare = pulumi.ResourceOptions(parent=self, protect=False)
        engine = args.engine
        users: list[aws.elasticache.User] = []
        for generation in range(max(1, args.generation - 1), args.generation + 1):
            self.user_name = f"app-g{generation}"
            self.password = self._password(f"{name}-redis-app-g{generation}")
            users.append(
                self._user(name, engine, f"g{generation}", self.user_name, ACCESS, self.password)
            )
        if engine == "redis":
            # ElastiCache wants a user of this name in every Redis group; its own one may do
            # everything without a password.
            password = self._password(f"{name}-redis-default")
            users.append(self._user(name, engine, "default", "default", NO_ACCESS, password))
        self.group_id = aws.elasticache.UserGroup(
            f"{name}-{engine}-users",
            user_group_id=f"{name}-{engine}",
            engine=engine,
            user_ids=[user.user_id for user in users],
            opts=self._spare,
        ).user_group_id
        self.register_outputs({"group_id": self.group_id})

    def _password(self, name: str) -> pulumi.Output[str]:
        # Letters and digits alone pass through a URL as they are; ElastiCache takes 16 to 128.
        return random.RandomPassword(name, length=64, special=False, opts=self._spare).result

    def _user(
        self,
        name: str,
        engine: str,
        label: str,
        user_name: str,
        access: str,
        password: pulumi.Output[str],
    ) -> aws.elasticache.User:
        return aws.elasticache.User(
            f"{name}-{engine}-{label}",
            # Ids belong to the account, names to the group: the login outlives a change of engine.
            user_id=f"{name}-{engine}-{label}",
            user_name=user_name,
            engine=engine,
            access_string=access,
            authentication_mode=aws.elasticache.UserAuthenticationModeArgs(
                type="password", passwords=[password]
            ),
            opts=self._spare,
        )
