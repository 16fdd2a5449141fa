"""The price table of the day it was written, and how much is used of what a plan can't tell."""

import datetime
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from costs.errors import CostError

PRICES = Path(__file__).with_name("prices.yaml")
USAGE = Path(__file__).with_name("usage.yaml")

Shape = TypeVar("Shape", bound=BaseModel)
Amount = Annotated[Decimal, Field(ge=0)]


class Prices(BaseModel):
    """US dollars for one unit of each key, by region, on one day; on demand, without tax, without
    free tiers. `everywhere` holds what costs the same in every region."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: datetime.date
    everywhere: dict[str, Amount]
    regions: dict[str, dict[str, Amount]]

    def of(self, region: str, key: str) -> Decimal:
        """The price of one unit; CostError names the key that is missing, and where it belongs."""
        if key in self.everywhere:
            return self.everywhere[key]
        if region not in self.regions:
            raise CostError(
                f"{PRICES.name} has no prices of {region}, only of "
                f"{', '.join(sorted(self.regions))}; add the region, from AWS's price pages"
            )
        if key not in self.regions[region]:
            raise CostError(
                f"{PRICES.name} has no price of {key} in {region}; add it, from AWS's price pages, "
                "and the date of the table"
            )
        return self.regions[region][key]


class Usage(BaseModel):
    """What is used in a month and no plan can tell: one environment's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    edge_gib: Amount
    edge_requests: Amount
    nat_gib: Amount
    endpoint_gib: Amount
    balancer_lcus: Amount
    log_gib_per_group: Amount
    bucket_gib: Amount
    vault_gib: Amount
    table_requests: Amount
    secret_requests: Amount
    key_requests: Amount
    second_slot_hours: Amount
    web_acl_rules: Amount


def read_prices(path: Path = PRICES) -> Prices:
    """The table; CostError with every problem of the file."""
    return _read(path, Prices)


def read_usage(environment: str, path: Path = USAGE) -> Usage:
    """The environment's usage: the file's `default`, with its own amounts over it."""
    usages = _read(path, _Usages)
    return Usage.model_validate({**usages.default.model_dump(), **usages.of(environment)})


class _Usages(BaseModel):
    model_config = ConfigDict(extra="forbid")

    default: Usage
    environments: dict[str, dict[str, Amount]] = {}

    def of(self, environment: str) -> Mapping[str, Decimal]:
        own = self.environments.get(environment, {})
        unknown = sorted(set(own) - set(Usage.model_fields))
        if unknown:
            raise CostError(
                f"{USAGE.name} says {', '.join(unknown)} of {environment}, which nobody reads; "
                f"known are {', '.join(Usage.model_fields)}"
            )
        return own


def _read(path: Path, shape: type[Shape]) -> Shape:
    try:
        data: Any = yaml.safe_load(path.read_text())
        return shape.model_validate(data)
    except (OSError, yaml.YAMLError) as error:
        raise CostError(f"{path.name} can't be read: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        problems = (
            f"{'/'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}"
            for one in error.errors()
        )
        raise CostError(f"{path.name} is not right; {'; '.join(problems)}") from None
