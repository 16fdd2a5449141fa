"""The stack's function on its schedule, which moto only writes down."""

import sys
from pathlib import Path

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.machine.files import disk_errors
from rehearsal.machine.supervisor import Supervisor
from rehearsal.recording import Recording

RUNTIME = Path(__file__).with_name("lambda_runtime.py")
# In place of a minute: nobody wants to wait for it here.
INTERVAL_SECONDS = 2.0
# In place of times of days, by the function's variables.
SHORTENED = {"REFRESH_SECONDS": "2"}


def start_function(supervisor: Supervisor, recording: Recording, plane: ControlPlane) -> None:
    """Runs the code of the one function, from its archive and with its variables, in a process."""
    function = recording.only("aws:lambda/function:Function")
    directory = supervisor.make_directory(function.name)
    for name, text in function.inputs["code"].items():
        file = directory / name
        with disk_errors(f"write {file}"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
    supervisor.start(
        function.name,
        [
            sys.executable,
            "-P",
            str(RUNTIME),
            function.inputs["handler"],
            str(INTERVAL_SECONDS),
        ],
        env={
            **plane.own_variables,
            **function.inputs["environment"]["variables"],
            **SHORTENED,
        },
        cwd=directory,
    )
