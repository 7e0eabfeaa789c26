"""Which clips the page's script leaves visible, run outside a browser."""

import json
import shutil
import subprocess
from importlib.resources import files

import pytest

NODE = shutil.which("node")

pytestmark = pytest.mark.skipif(NODE is None, reason="needs node to run the page's script")

CLIPS = [
    {"search": "one.mp4\nHigh Jump\nrun", "wrong": "0 10"},
    {"search": "two.mp4\nrun", "wrong": "1"},
    {"search": "three.mp4\nrun", "wrong": ""},
]


def shown(query: str, only_wrong: bool, method: str) -> list[bool]:
    source = files("zs_dagster.report.classification").joinpath("page.js").read_text("utf-8")
    arguments = ", ".join(json.dumps(value) for value in (query, only_wrong, method))
    call = f"{json.dumps(CLIPS)}.map((clip) => isShown(clip, {arguments}))"
    program = f"{source}\nconsole.log(JSON.stringify({call}));"
    done = subprocess.run([str(NODE), "-"], input=program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer: list[bool] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize(
    ("query", "only_wrong", "method", "expected"),
    [
        ("", False, "", [True, True, True]),
        ("  RUN ", False, "", [True, True, True]),
        ("jump high", False, "", [True, False, False]),
        ("", True, "", [True, True, False]),
        ("", True, "1", [False, True, False]),
        ("", True, "0", [True, False, False]),
        ("two", True, "0", [False, False, False]),
        ("", False, "1", [True, True, True]),
    ],
)
def test_words_and_marks_filter(
    query: str, only_wrong: bool, method: str, expected: list[bool]
) -> None:
    assert shown(query, only_wrong, method) == expected
