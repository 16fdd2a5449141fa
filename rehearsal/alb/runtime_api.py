"""HAProxy's admin socket, by which everything but its structure changes while it runs."""

import csv
import io
import socket
from collections.abc import Sequence
from pathlib import Path

from rehearsal.errors import RehearsalError

ANSWER_SECONDS = 5.0


class RuntimeApi:
    """An OSError means that nobody answers there."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(str(self._directory / "admin.sock"))
            connection.sendall(f"{command}\n".encode())
            answer = b""
            while received := connection.recv(65_536):
                answer += received
        if not answer:
            raise ConnectionResetError(f"no answer to {command.split()[0]}")
        return answer.decode().strip()

    def tell(self, command: str, expected: str = "") -> None:
        """A command whose answer is known; another one is a RehearsalError with that answer."""
        answer = self.ask(command)
        if answer != expected:
            raise RehearsalError(f"HAProxy refused `{command.splitlines()[0]}`: {answer}")

    def replace_map(self, lines: Sequence[str]) -> None:
        """Puts the new routing in force at one instant: no request meets half of it."""
        path = self._directory / "rules.map"
        answer = self.ask(f"prepare map {path}")
        version = answer.removeprefix("New version created: ")
        if not version.isdecimal():
            raise RehearsalError(f"HAProxy refused a new routing: {answer}")
        self.tell(f"add map @{version} {path} <<\n" + "\n".join(lines) + "\n")
        self.tell(f"commit map @{version} {path}")

    def statistics(self) -> list[dict[str, str]]:
        """One row per frontend, backend and server; the columns are HAProxy's."""
        return list(csv.DictReader(io.StringIO(self.ask("show stat").removeprefix("# "))))
