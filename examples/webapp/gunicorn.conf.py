"""gunicorn's settings; start with: gunicorn -c gunicorn.conf.py 'webapp:create_app()'."""

import os

from webapp.logs import logging_config
from webapp.settings import read_settings

_settings = read_settings(os.environ)

# Loopback by default: all containers of a task share it, and nobody can go round nginx.
bind = _settings.bind
workers = _settings.workers
threads = _settings.threads
worker_class = "gthread"
preload_app = True

# Keep-alive shrinks towards the browser (ALB 60 s, nginx 75 s): the hop behind must not close a
# connection that the hop in front is about to use.
keepalive = 80

# SIGTERM: requests in flight get this long; below the 60 s that the stack has ECS wait.
graceful_timeout = 25

# The root file system is read-only.
worker_tmp_dir = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 (the only writable directory)
control_socket_disable = True

logconfig_dict = logging_config()
accesslog = None
