"""What `make` runs besides the rehearsal and the tests. `set_up` runs on the bare machine."""
