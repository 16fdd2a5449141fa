"""What to do next: pure functions of plan, journal and what is live."""
