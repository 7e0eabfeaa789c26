"""One self-contained HTML page per dataset: numbers above, every video below.

The page loads nothing from a network. Its content security policy admits only the inlined
script and style, by their hashes, so that no class or file name can become code.
"""

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from zs_dagster.report import view
from zs_dagster.report.data import Report, VideoReview
from zs_dagster.report.payload import script_json, video_payload

PACKAGE = "zs_dagster.report"


def render_page(report: Report) -> str:
    """Render the review page of one dataset.

    Args:
        report: What to show; any part may be empty.

    Returns:
        HTML that can be encoded as UTF-8 and opened from a file. Equal input gives equal
        text.
    """
    script = _asset("timeline.js") + _asset("page.js")
    style = _asset("page.css")
    page = (
        _environment()
        .get_template("template.html.j2")
        .render(
            report=report,
            metric_names=view.metric_names(report.metrics, report.primary_metric),
            top=view.axis_top(report.metrics, report.primary_metric),
            script=script,
            style=style,
            script_hash=_csp_hash(script),
            style_hash=_csp_hash(style),
        )
    )
    return page.encode("utf-8", "replace").decode("utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader(PACKAGE, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["view"] = view
    environment.globals["payload"] = _payload
    return environment


def _payload(video: VideoReview) -> str:
    return script_json(video_payload(video))


def _asset(name: str) -> str:
    return files(PACKAGE).joinpath(name).read_text("utf-8")


def _csp_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
