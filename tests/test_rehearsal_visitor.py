"""A person who is logged out, or not answered, is noticed; one who is not, is not."""

import json
import threading
from typing import cast

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.traffic import visitor
from rehearsal.traffic.client import Answer, Client
from rehearsal.traffic.visitor import Visitor
from rehearsal.under_load import never_logged_out


class Scripted:
    """Answers in order, and then not at all before `over`."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers, self.cookies = list(answers), list[str | None]()
        self.done, self.over = threading.Event(), threading.Event()

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        assert path == "/api/visits"
        if not self.answers:
            self.done.set()
            self.over.wait(10)
            raise OSError("the end")
        self.cookies.append((headers or {}).get("Cookie"))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def counted(visits: int, cookie: str) -> Answer:
    header = f"session={cookie}; Secure; HttpOnly; Path=/; SameSite=Lax"
    return Answer(200, {"set-cookie": header}, json.dumps({"visits": visits}).encode())


REFUSED = Answer(503, {}, b"")


@pytest.mark.parametrize(
    ("answers", "seen", "cookies"),
    [
        ([counted(1, "a"), counted(2, "b"), counted(3, "c")], (3, 0, 0), ["a", "b"]),
        # Logged out once; from there it goes on.
        ([counted(1, "a"), counted(1, "b"), counted(2, "c")], (3, 1, 0), ["a", "b"]),
        # Neither answer changes the session.
        ([counted(1, "a"), REFUSED, OSError("reset"), counted(2, "b")], (2, 0, 2), ["a", "a", "a"]),
    ],
)
def test_clicks_are_counted(
    answers: list[Answer | Exception],
    seen: tuple[int, int, int],
    cookies: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visitor, "PAUSE_SECONDS", 0.0)
    client = Scripted(*answers)
    with Visitor(cast(Client, client)) as visiting:
        assert client.done.wait(10)
        visiting._stopping.set()
        client.over.set()
    visiting.check()
    assert client.cookies == [None, *(f"session={cookie}" for cookie in cookies)]
    # The last click is the one that was not answered before the end.
    assert (visiting.visits, visiting.logged_out, visiting.refused - 1) == seen


def test_an_answer_that_is_none_of_ours_is_no_end_in_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visitor, "PAUSE_SECONDS", 0.0)
    with Visitor(cast(Client, Scripted(Answer(200, {}, b"{}")))) as visiting:
        visiting._thread.join(10)
    with pytest.raises(RehearsalError, match=r"^the visitor failed: KeyError: 'visits'$"):
        never_logged_out(visiting)
