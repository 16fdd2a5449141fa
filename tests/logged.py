"""What nginx and the app write into their logs, field by field."""

import re

from rehearsal.stack_file import ROOT

_TEMPLATE = (ROOT / "images" / "nginx" / "nginx.conf.template").read_text()
# tests/test_nginx_image.py sees that a real line has these and no others.
_FORMAT = _TEMPLATE.partition("log_format json")[2].partition(";")[0]
NGINX_FIELDS = set(re.findall(r'"(\w+)":', _FORMAT))
# examples/webapp/tests/test_webapp_server.py sees that a real line has these, and no others but
# exc_info where there is an error to tell.
APP_FIELDS = {
    *("time", "level", "logger", "message", "process", "release"),
    *("request_id", "trace", "method", "path", "exc_info"),
}
