"""The release that the caller wants, as it was typed."""

from dataclasses import dataclass

from cutover.decide.model import Release
from cutover.do.world import World
from cutover.say import given
from cutover.say.answer import BadInput


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`frontend` is the key of its page. Without a range of schema versions it lives with the live
    schema alone: a team that doesn't count versions need not know of them."""

    release_id: str
    image: str
    schema_min: int | None
    schema_max: int | None
    frontend: str | None

    def check(self) -> None:
        """BadInput for what can't be used, before anything is asked of AWS."""
        given.image(self.image)
        given.name("release", self.release_id)
        if self.frontend:
            given.key(self.frontend)

    @property
    def asks_schema(self) -> bool:
        """Whether the live schema says something of its range."""
        return self.schema_min is None or self.schema_max is None

    def release(self, world: World, *, schema: int) -> Release:
        """With `schema` live; one call where there is a page."""
        low = schema if self.schema_min is None else self.schema_min
        high = max(low, schema) if self.schema_max is None else self.schema_max
        if low > high:
            raise BadInput(
                f"--schema-min {low} is more than --schema-max {high}; a release lives with the "
                "schema that it brings about"
            )
        return Release(
            release_id=self.release_id,
            image=self.image,
            schema_min=low,
            schema_max=high,
            page=world.page(self.frontend) if self.frontend else None,
        )
