"""report.html: one file that needs nothing else, for a browser or attached to a ticket."""

from pathlib import Path

import jinja2

from rehearsal.reporting.chart import timeline
from rehearsal.reporting.drawing import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH
from rehearsal.reporting.report import CANNOT_PROVE, PROVES, Report, moment, write_whole


def render_html(report: Report) -> str:
    """The page; everything that comes from the report is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        report=report,
        started=moment(report.started_at)[:19].replace("T", " ") + " UTC",
        timeline=timeline(report.load, report.weights) if report.load else None,
        frame={
            "left": LEFT,
            "right": RIGHT,
            "width": WIDTH,
            "top": TOP,
            "bottom": BOTTOM,
            "height": HEIGHT,
        },
        proves=PROVES,
        cannot_prove=CANNOT_PROVE,
    )


def write_html(report: Report, path: Path) -> None:
    write_whole(path, render_html(report))
