"""Kinds of clients, put together for what a load is to show."""

from rehearsal.traffic.load import Kind

SLOW_BODY_SECONDS = 1.5
# Mostly what an API is asked all day; the rest is what a change of slots could break.
EVERY_KIND = (
    Kind(name="health", path="/health", share=28),
    Kind(name="cached read", path="/api/items", share=60),
    Kind(name="new connection", path="/api/release", share=4, new_connection=True),
    Kind(name="large answer", path="/api/large?kib=256", share=2),
    Kind(name="large body", path="/api/echo", method="POST", share=2, body_bytes=512 * 1024),
    Kind(
        name="slow body",
        path="/api/echo",
        method="POST",
        share=4,
        body_bytes=16 * 1024,
        body_seconds=SLOW_BODY_SECONDS,
    ),
)
# The same kinds at a third of the cost: what is expensive is rare, and large is not so large.
MANY_REQUESTS = (
    Kind(name="keep-alive", path="/api/release", share=960),
    Kind(name="cached read", path="/api/items", share=20),
    Kind(name="new connection", path="/api/release", share=5, new_connection=True),
    Kind(name="large answer", path="/api/large?kib=64", share=5),
    Kind(name="large body", path="/api/echo", method="POST", share=5, body_bytes=64 * 1024),
    Kind(
        name="slow body",
        path="/api/echo",
        method="POST",
        share=5,
        body_bytes=16 * 1024,
        body_seconds=SLOW_BODY_SECONDS,
    ),
)
