"""The programs: one function per kind of environment, read as a parts list."""
