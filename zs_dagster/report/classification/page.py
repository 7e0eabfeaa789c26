"""One self-contained HTML page per classification dataset."""

from zs_dagster.report import view as numbers
from zs_dagster.report.classification import comparison, confusion, reliability, view
from zs_dagster.report.classification.data import ClassificationReport
from zs_dagster.report.document import render_document


def classification_page(report: ClassificationReport) -> str:
    """Render accuracies, comparisons, confusions, calibration and clips of one dataset.

    Args:
        report: What to show; any part may be empty.

    Returns:
        HTML that can be encoded as UTF-8 and opened from a file. It loads nothing from
        outside itself; its numbers need no script. Equal input gives equal text.
    """
    rows = view.metric_rows(report.methods)
    full, rest = view.split_clips(report.clips)
    return render_document(
        "classification/template.html.j2",
        styles=["page.css", "classification/page.css"],
        scripts=["classification/page.js"],
        report=report,
        rows=rows,
        top=numbers.axis_top(rows, "top1"),
        guessers=view.guessers(report),
        full_clips=full,
        other_clips=rest,
        numbers=numbers,
        view=view,
        comparison=comparison,
        confusion=confusion,
        reliability=reliability,
    )
