"""A report with everything in it, and its page as a browser splits it."""

from collections.abc import Sequence
from html.parser import HTMLParser

import numpy as np
from typing_extensions import override

from zs_dagster.report.classification.data import (
    Accuracy,
    ClassificationReport,
    Clip,
    Difference,
    MethodResult,
)

PNG = b"\x89PNG not decoded here"
VOID = {"meta", "input", "img"}


class Document(HTMLParser):
    """Tags, attributes, tables and text of a page; an unbalanced tag is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.cells: dict[str, list[list[str]]] = {}
        self.inlined: dict[str, list[str]] = {"script": [], "style": []}
        self.text = ""
        self._open: list[str] = []
        self._table = ""
        self.feed(page)
        self.close()
        assert not self._open

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self._table = dict(attrs).get("class") or ""
            self.cells[self._table] = []
        elif tag == "tr":
            self.cells[self._table].append([])
        elif tag in ("td", "th"):
            self.cells[self._table][-1].append("")

    @override
    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    @override
    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag in ("td", "th"):
            self.text += " "

    @override
    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside in self.inlined:
            self.inlined[inside].append(data)
            return
        self.text += data
        if {"td", "th"} & set(self._open):
            self.cells[self._table][-1][-1] += data

    @property
    def words(self) -> str:
        """Visible text with runs of white space as one space."""
        return " ".join(self.text.split())


def method_result(name: str, classes: Sequence[str]) -> MethodResult:
    """Return results of 3 jumps, one right, and 5 runs, four right; one has no prediction."""
    confusion = np.zeros((len(classes), len(classes) + 1), np.int64)
    confusion[:2, :2] = [[1, 2], [0, 4]]
    confusion[1, -1] = 1
    return MethodResult(
        name,
        f"about {name}",
        f'{{"pooling": "{len(name)} frames"}}',
        Accuracy(0.625, 0.306, 0.863),
        Accuracy(0.875),
        Accuracy(0.567, 0.3, 0.8),
        [(classes[1], 5, 0.8), (classes[0], 3, 1 / 3)],
        confusion,
        [(0.25, 0.5, 2), (0.75, 0.5, 6)],
        0.123,
    )


def full_report(name: str = "jump", more: Sequence[str] = ()) -> ClassificationReport:
    classes = [name, f"run {name}", *more]
    first = {f"clip {name}": [(classes[1], 0.617), (name, 0.3)], f"zar {name}": [(name, 0.9)]}
    return ClassificationReport(
        dataset=name,
        title=f"Title {name}",
        classes=classes,
        methods=[method_result(f"{method} {name}", classes) for method in ("clip", "zar")],
        differences=[Difference(f"clip {name}", f"zar {name}", 0.01, -0.021, 0.042, 0.45)],
        clips=[
            Clip(f"a {name}.mp4", name, PNG, f"uniform {name}", [0.25, 1.75], first),
            Clip(f"b {name}.mp4", None, None, "", [], {f"clip {name}": []}),
        ],
        left_out=[(f"broken {name}.mp4", f"cut {name}")],
        provenance={f"Model {name}": name},
        notes=[f"note {name}"],
    )


def bare_report(clips: Sequence[Clip] = ()) -> ClassificationReport:
    return ClassificationReport("mine", "My videos", [], [], [], clips, [], {}, [])
