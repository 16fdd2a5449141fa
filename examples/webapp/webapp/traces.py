"""Each request is a span, without anything that says who the user was.

A span of your own (a query, a call) goes into it: opentelemetry.trace.get_tracer("app").
"""

from __future__ import annotations

from flask import Flask, Response, g, request

from webapp.settings import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Does nothing unless somebody listens (OTEL_EXPORTER_OTLP_ENDPOINT)."""
    if not settings.traced:
        return
    # Imported here: most processes run without, and it takes longer than the app.
    from opentelemetry import propagate, trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    about = {
        "service.version": settings.release_id,
        "deployment.environment.name": settings.environment,
    }
    provider = TracerProvider(resource=Resource.create(about))
    # Its thread is started anew in each process that gunicorn forks.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("webapp")

    @app.before_request
    def begin() -> None:
        # A path that no route takes may be anything; as a name it would make thousands.
        route = str(request.url_rule or "unknown")
        span = tracer.start_span(
            f"{request.method} {route}",
            propagate.extract(request.headers),
            trace.SpanKind.SERVER,
            attributes={
                "http.request.method": request.method,
                "http.route": route,
                "url.path": request.path,
                "request_id": request.headers.get("X-Request-ID", ""),
            },
        )
        g.span = trace.use_span(span, end_on_exit=True)
        g.span.__enter__()

    @app.after_request
    def answered(response: Response) -> Response:
        span = trace.get_current_span()
        span.set_attribute("http.response.status_code", response.status_code)
        if response.status_code >= 500:
            span.set_status(trace.StatusCode.ERROR)
        return response

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if opened := g.pop("span", None):
            opened.__exit__(None, None, None)
