"""Waits between tries grow up to a cap, and no two runs keep step."""

import random

import pytest

from cutover.do.backoff import Backoff, delay_seconds


@pytest.mark.parametrize(
    ("tries", "least", "most"), [(1, 0.5, 1.0), (2, 1.0, 2.0), (3, 1.0, 2.0), (10_000, 1.0, 2.0)]
)
def test_a_wait_is_doubled_up_to_the_cap_and_chance_takes_up_to_half(
    tries: int, least: float, most: float
) -> None:
    assert delay_seconds(tries, 0.0) == least
    assert delay_seconds(tries, 0.5) == (least + most) / 2
    assert delay_seconds(tries, 1.0) == most


def test_the_waits_of_a_seeded_source_are_known() -> None:
    backoff = Backoff(random.Random(7).random)
    chance = random.Random(7)
    waits = [backoff.next_seconds() for _ in range(4)]
    assert waits == [delay_seconds(tries, chance.random()) for tries in (1, 2, 3, 4)]
    assert [round(wait, 4) for wait in waits] == [0.6619, 1.1508, 1.6509, 1.0724]


def test_after_an_answer_the_next_wait_is_a_first_one() -> None:
    backoff = Backoff(lambda: 0.0)
    assert [backoff.next_seconds() for _ in range(3)] == [0.5, 1.0, 1.0]
    backoff.answered()
    assert backoff.next_seconds() == 0.5


def test_two_runs_do_not_keep_step_and_one_is_played_again_alike() -> None:
    one, again, other = Backoff.of("run-1"), Backoff.of("run-1"), Backoff.of("run-2")
    waits = [one.next_seconds() for _ in range(5)]
    assert waits == [again.next_seconds() for _ in range(5)]
    assert not {*waits} & {other.next_seconds() for _ in range(5)}
