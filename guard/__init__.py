"""Refuses a preview that would hurt what is serving. Imports nothing else of ours."""
