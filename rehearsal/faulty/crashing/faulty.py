"""A workload that ends before it has begun."""

from wsgiref.types import WSGIApplication


def create_app() -> WSGIApplication:
    raise SystemExit("this release needs a variable that nobody has set")
