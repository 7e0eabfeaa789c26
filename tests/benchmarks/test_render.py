"""The page of benchmarks says what was measured, and what was not."""

from benchmarks.render import page

RESULT = {
    "name": "proposals",
    "rows": [
        {
            "what": "2 videos",
            "unit": "CPU s",
            "ours": 0.5,
            "reference": 8.0,
            "reference_is": "a loop",
            "limit": None,
            "limit_is": "no counter here",
            "goal": "15 times the loop",
            "reached": True,
            "times_as_fast_as_reference": 16.0,
            "times_the_limit": None,
            "growth_exponent": 1.0456,
        }
    ],
    "commit": "abc1234",
    "date": "2026-11-27",
    "machine": "x86_64, 2 cores, Linux",
    "load_average": 0.5,
    "versions": {"python": "3.11.1", "numpy": "2.4.6"},
    "peak_rss_mb": 120,
}


def test_a_row_by_hand() -> None:
    said = page({"proposals": RESULT}, None).split("## proposals\n")[1].split("## ")[0]
    assert (
        "| 2 videos | CPU s | 0.5 | 8 (a loop) | 16 | not measured: no counter here |  | "
        "15 times the loop | yes | 1.05 |\n"
    ) in said
    assert (
        "2026-11-27, commit abc1234, x86_64, 2 cores, Linux, load 0.5, peak memory 120 MB; "
        "python 3.11.1, numpy 2.4.6. `python benchmarks/speed/proposals.py --quick`\n"
    ) in said


def test_what_was_not_measured_is_said() -> None:
    said = page({"proposals": RESULT}, None)
    assert "## zar\n\nNot measured.\n" in said
    assert said.endswith("## On a GPU\n\nNot measured.\n")


def test_gpu_rows_come_with_their_command() -> None:
    gpu = {
        "circumstances": "One card.",
        "rows": [{"what": "ViT", "measured": "57 %", "with": "`a`"}],
    }
    assert page({}, gpu).endswith(
        "One card.\n\n| what | measured | with |\n| --- | --- | --- |\n| ViT | 57 % | `a` |\n"
    )


def test_a_benchmark_without_a_place_is_shown_last() -> None:
    said = page({"extra": {**RESULT, "name": "extra"}}, None)
    assert said.index("## extra") > said.index("## end_to_end")
