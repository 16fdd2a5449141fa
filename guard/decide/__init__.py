"""What a step of a plan would do to traffic. Pure: no file, no clock, no AWS."""
