"""Restores what the environment stores into a scratch place, compares, and signs the answer."""
