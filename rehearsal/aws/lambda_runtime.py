"""Calls a function's handler again and again, as Lambda does for a schedule; a process of its own.

`lambda_runtime.py HANDLER SECONDS`, in the directory of the function's code and with its variables.
What the handler raises is printed, and the next invocation goes on as if nothing had been.
"""

import importlib
import os
import sys
import time
import traceback


def main(handler: str, seconds: float) -> None:
    """Does not return."""
    # The code's own modules, also where this checkout has others of the same names.
    sys.path.insert(0, os.getcwd())
    module, _, name = handler.rpartition(".")
    handle = getattr(importlib.import_module(module), name)
    while True:
        try:
            handle({}, None)
        except Exception:  # noqa: BLE001 (as Lambda does: the next one is another invocation)
            traceback.print_exc()
        time.sleep(seconds)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
