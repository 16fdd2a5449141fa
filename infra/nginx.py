"""The reverse proxy's container: one image everywhere, told at start what an environment wants."""

import pulumi

from infra import headers
from infra.container import MAX_STOP_SECONDS, Container, LogTarget
from infra.firewall import NGINX_PORT
from infra.outputs import PROBE_HEADER
from infra.settings import NginxSettings

APP_PORT = 8000


def nginx_container(
    settings: NginxSettings,
    *,
    trusted_proxies: str,
    probe_token_arn: pulumi.Input[str],
    log: LogTarget,
) -> Container:
    """nginx in front of the app: TLS, limits, headers, JSON logs and the three health paths.

    `trusted_proxies` is the range in which the balancer and CloudFront's VPC origin live; only they
    may say whose request it is. RELEASE_ID is for cutover to fill in.
    """
    return Container(
        name="nginx",
        image=settings.image,
        user="101:101",
        log=log,
        # Its workers end what they have in flight; then the app, then pgbouncer are stopped.
        stop_seconds=MAX_STOP_SECONDS,
        port=NGINX_PORT,
        depends_on={"app": "START"},
        health_command=(
            "CMD",
            "curl",
            "--fail",
            "--silent",
            "--insecure",
            f"https://127.0.0.1:{NGINX_PORT}/healthz",
        ),
        environment={
            "NGINX_PORT": str(NGINX_PORT),
            "APP_PORT": str(APP_PORT),
            "TRUSTED_PROXIES": trusted_proxies,
            "MAX_BODY_MIB": str(settings.max_body_mib),
            "RATE_LIMIT_PER_SECOND": str(settings.rate_limit_per_second),
            "RATE_LIMIT_BURST": str(settings.rate_limit_burst),
            "SECURITY_HEADERS": headers.API.nginx_lines(),
            "PROBE_HEADER": PROBE_HEADER,
            "RELEASE_ID": "",
        },
        secrets={"PROBE_TOKEN": probe_token_arn},
    )
