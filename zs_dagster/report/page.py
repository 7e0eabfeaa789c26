"""One self-contained HTML page per dataset: numbers above, every video below."""

from zs_dagster.report import charts, view
from zs_dagster.report.data import Report, VideoReview
from zs_dagster.report.document import render_document
from zs_dagster.report.payload import script_json, video_payload


def render_page(report: Report) -> str:
    """Render the review page of one dataset.

    Args:
        report: What to show; any part may be empty.

    Returns:
        HTML that can be encoded as UTF-8 and opened from a file. Equal input gives equal
        text.
    """
    return render_document(
        "template.html.j2",
        styles=["page.css", "charts.css"],
        scripts=["timeline.js", "page.js"],
        report=report,
        view=view,
        charts=charts,
        payload=_payload,
        metric_names=view.metric_names(report.metrics, report.primary_metric),
        top=view.axis_top(report.metrics, report.primary_metric),
    )


def _payload(video: VideoReview) -> str:
    return script_json(video_payload(video))
