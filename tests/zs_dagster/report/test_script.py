"""The arithmetic of the page's script, run outside a browser."""

import json
import shutil
import subprocess
from importlib.resources import files

import pytest

NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node to run the page's script")


def run(expression: str) -> str:
    """Evaluate one expression after `timeline.js` and return it as JSON."""
    source = files("zs_dagster.report").joinpath("timeline.js").read_text("utf-8")
    program = f"{source}\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run([str(NODE), "-"], input=program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("clockText(0)", "0.0 s"),
        ("clockText(12.34)", "12.3 s"),
        ("clockText(59.97)", "1:00.0"),
        ("clockText(83.25, 0)", "1:23"),
        ("clockText(3723.6)", "1:02:03.6"),
    ],
)
def test_times_are_written_as_clocks(call: str, text: str) -> None:
    assert json.loads(run(call)) == text


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [((0, 10), (5, 15), 1 / 3), ((0, 1), (2, 3), 0), ((1, 1), (1, 1), 0), ((2, 4), (2, 4), 1)],
)
def test_overlap_is_intersection_over_union(
    a: tuple[float, float], b: tuple[float, float], overlap: float
) -> None:
    first, second = ({"start": s, "end": e} for s, e in (a, b))
    answer = json.loads(run(f"tiou({json.dumps(first)}, {json.dumps(second)})"))
    assert answer == pytest.approx(overlap)


def test_gaps_do_not_count_in_a_range() -> None:
    assert json.loads(run("range([0.5, null, 0.25])")) == [0.25, 0.5]


def test_overlapping_predictions_stack_and_others_share_a_lane() -> None:
    truth = [{"label": 0, "start": 0, "end": 9, "rank": 0}]
    spans = [(1, 0, 4), (1, 2, 6), (1, 4, 8)]
    ranked = [
        {"label": k, "start": s, "end": e, "rank": i + 1} for i, (k, s, e) in enumerate(spans)
    ]
    call = f"layout(['jump', 'swing'], {json.dumps(truth)}, {json.dumps(ranked)}).rows"
    laid = json.loads(run(call))
    assert [row["label"] for row in laid] == ["jump", "swing"]
    first, second, third = laid[1]["spans"]
    assert first["y"] == third["y"]
    assert second["y"] == first["y"] + 7
    assert laid[1]["y"] >= laid[0]["y"] + laid[0]["height"]
    assert second["y"] + second["height"] <= laid[1]["y"] + laid[1]["height"]


def test_a_lone_prediction_sits_in_the_middle_of_its_row() -> None:
    span = {"label": 0, "start": 0, "end": 1, "rank": 1}
    (row,) = json.loads(run(f"layout(['jump'], [], {json.dumps([span])}).rows"))
    middle = row["spans"][0]["y"] + row["spans"][0]["height"] / 2
    assert middle == pytest.approx(row["y"] + row["height"] / 2, abs=1)


def test_the_whole_script_parses() -> None:
    names = ("timeline.js", "page.js")
    text = "".join(files("zs_dagster.report").joinpath(n).read_text("utf-8") for n in names)
    checked = subprocess.run(
        [str(NODE), "--check", "-"], input=text, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
