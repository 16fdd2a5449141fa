"""Requests: a load that no stall can hide, and single ones for checks."""
