"""Says it: the command line, its tables and its messages."""
