"""Annotation files in every format, read as they are."""

import csv
import json
from pathlib import Path

import pytest

from zs_dagster.datasets.annotations.reading import read_annotations
from zs_dagster.datasets.annotations.records import Annotation
from zs_dagster.datasets.sources import AnnotationSource, Format
from zs_dagster.errors import DatasetError

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "thumos14"


def source(form: Format, path: Path, subset: str | None = None) -> AnnotationSource:
    return AnnotationSource(format=form, path=path, subset=subset)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_activitynet(tmp_path: Path) -> None:
    database = {
        "a": {
            "duration": 9.5,
            "subset": "validation",
            "annotations": [{"label": "run", "segment": [1, 2.5]}],
        },
        "b": {"subset": "testing"},
        "c": {"subset": "training", "annotations": [{"label": "jump", "segment": [3, 2]}]},
        "d": {"annotations": [{"label": "jump"}]},
    }
    path = write(tmp_path / "truth.json", json.dumps({"database": database, "taxonomy": []}))
    found = read_annotations(source("activitynet", path))
    assert found.rows == [
        Annotation("a", "run", 1.0, 2.5, ("validation",)),
        Annotation("c", "jump", 3.0, 2.0, ("training",)),
        Annotation("d", "jump"),
    ]
    assert list(found.videos) == ["a", "b", "c", "d"]
    assert found.videos["a"].duration_s == 9.5
    some = read_annotations(source("activitynet", path, "validation"))
    assert ([row.video_id for row in some.rows], list(some.videos)) == (["a"], ["a"])


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "not usable JSON"),
        ('{"database": []}', "must be an object with an object 'database'"),
        ('{"database": {"a": 3}}', "video 'a' must be an object, got 3"),
        ('{"database": {"a": {}, "a": {}}}', "key 'a' comes twice in one object"),
        ('{"database": {"a": {"subset": 3}}}', "video 'a': subset must be a text, got 3"),
        ('{"database": {"a": {"annotations": 3}}}', "annotations must be a list, got 3"),
        ('{"database": {"a": {"annotations": [{}]}}}', "annotation 0: label must be a text"),
        (
            '{"database": {"a": {"annotations": [{"label": "x", "segment": [1]}]}}}',
            "segment must be [start, end], got [1]",
        ),
        (
            '{"database": {"a": {"annotations": [{"label": "x", "segment": [1, NaN]}]}}}',
            "must be a finite number of seconds, got nan",
        ),
    ],
)
def test_malformed_activitynet_is_named(tmp_path: Path, text: str, rule: str) -> None:
    path = write(tmp_path / "truth.json", text)
    with pytest.raises(DatasetError) as caught:
        read_annotations(source("activitynet", path))
    assert str(caught.value).startswith(f"{path}: ")
    assert rule in str(caught.value)


def test_csv_with_times_and_without(tmp_path: Path) -> None:
    text = "\ufeffvideo,start_s,end_s,label\na,1,2.5,run\nb, , ,jump high\n"
    found = read_annotations(source("csv", write(tmp_path / "truth.csv", text)))
    assert found.rows == [Annotation("a", "run", 1.0, 2.5), Annotation("b", "jump high")]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", ":1: the header must have the columns video,start_s,end_s,label, got ''"),
        ("video,label\na,b\n", ":1: the header must have the columns"),
        ("video,start_s,end_s,label\na,1,x,run\n", ":2: must be a finite number of seconds"),
        ("video,start_s,end_s,label\na,1,,run\n", ":2: give start_s and end_s, or neither"),
        ("video,start_s,end_s,label\na,1,2,\n", ":2: video and label must not be empty"),
        ("video,start_s,end_s,label\na,1,2,run,5\n", ":2: a row must have 4 fields"),
    ],
)
def test_malformed_csv_is_named_by_line(tmp_path: Path, text: str, rule: str) -> None:
    path = write(tmp_path / "truth.csv", text)
    with pytest.raises(DatasetError) as caught:
        read_annotations(source("csv", path))
    assert str(caught.value).startswith(f"{path}{rule}")


def test_kinetics_names_clips_by_their_times(tmp_path: Path) -> None:
    text = (
        "label,youtube_id,time_start,time_end,split,is_cc\n"
        '"abseiling",-abc_1,5,15,val,0\n'
        "zumba,xyz,0,10,train,1\n"
    )
    path = write(tmp_path / "val.csv", text)
    found = read_annotations(source("kinetics", path, "val"))
    assert found.rows == [Annotation("-abc_1_000005_000015", "abseiling", subsets=("val",))]


def test_ucf101_lists(tmp_path: Path) -> None:
    write(tmp_path / "testlist01.txt", "YoYo/v_YoYo_g01_c01.avi\n")
    write(tmp_path / "trainlist01.txt", "YoYo/v_YoYo_g08_c01.avi 101\n\n")
    write(tmp_path / "trainlist02.txt", "YoYo/v_YoYo_g01_c01.avi 101\n")
    write(tmp_path / "classInd.txt", "101 YoYo\n")
    found = read_annotations(source("ucf101", tmp_path))
    assert found.rows == [
        Annotation("YoYo/v_YoYo_g01_c01", "YoYo", subsets=("test1", "train2")),
        Annotation("YoYo/v_YoYo_g08_c01", "YoYo", subsets=("train1",)),
    ]
    test = read_annotations(source("ucf101", tmp_path, "test1"))
    assert [row.video_id for row in test.rows] == ["YoYo/v_YoYo_g01_c01"]


def test_hmdb51_lists(tmp_path: Path) -> None:
    write(tmp_path / "wave_test_split1.txt", "a.avi 1 \nb.avi 2\nc.avi 0\n")
    write(tmp_path / "wave_test_split2.txt", "a.avi 2\nb.avi 0\nc.avi 0\n")
    found = read_annotations(source("hmdb51", tmp_path))
    assert [(row.video_id, row.subsets) for row in found.rows] == [
        ("wave/a", ("test2", "train1")),
        ("wave/b", ("test1",)),
        ("wave/c", ()),
    ]


def test_folders_are_labels() -> None:
    ids = ["run/a", "jump/deep/b", "loose"]
    found = read_annotations(source("folders", Path()), ids)
    assert found.rows == [Annotation("run/a", "run"), Annotation("jump/deep/b", "jump")]


def test_thumos14_files(tmp_path: Path) -> None:
    write(tmp_path / "test" / "Diving_test.txt", "video_test_0000001  1.2 3.4\n\n")
    write(tmp_path / "val" / "Diving_val.txt", "video_validation_0000001 5 6\n")
    write(tmp_path / "test" / "Ambiguous_test.txt", "video_test_0000002 7 8\n")
    write(tmp_path / "readme_first.txt", "whatever is written here\n")
    found = read_annotations(source("thumos14", tmp_path, "test"))
    assert found.rows == [Annotation("video_test_0000001", "Diving", 1.2, 3.4, ("test",))]
    assert sorted(found.videos) == ["video_test_0000001", "video_test_0000002"]
    assert [row.video_id for row in found.ambiguous] == ["video_test_0000002"]


@pytest.mark.parametrize(
    ("form", "file", "text", "rule"),
    [
        (
            "thumos14",
            "Diving_test.txt",
            "video 1\n",
            ":1: a line must be 'video start_s end_s'",
        ),
        ("thumos14", "Diving_test.txt", "v 1 x\n", ":1: must be a finite number of seconds"),
        ("ucf101", "testlist01.txt", "\nv_YoYo.avi\n", ":2: a line must be 'Class/video.avi'"),
        ("hmdb51", "wave_test_split1.txt", "a.avi 3\n", ":1: the last field must be 0, 1 or 2"),
        ("hmdb51", "wave_test_split1.txt", "a.avi\n", ":1: a line must be 'video.avi 0|1|2'"),
    ],
)
def test_malformed_lines_are_named(
    tmp_path: Path, form: Format, file: str, text: str, rule: str
) -> None:
    path = write(tmp_path / file, text)
    with pytest.raises(DatasetError) as caught:
        read_annotations(source(form, tmp_path))
    assert str(caught.value).startswith(f"{path}{rule}")


@pytest.mark.parametrize("form", ["thumos14", "ucf101", "hmdb51"])
def test_a_folder_without_the_files_says_what_it_must_hold(
    tmp_path: Path, form: Format
) -> None:
    with pytest.raises(
        DatasetError, match=r"'.*' must hold .* such as .*found none; check the"
    ):
        read_annotations(source(form, tmp_path))


def test_a_missing_file_and_an_unknown_subset_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv' cannot be read: No such file"):
        read_annotations(source("csv", tmp_path / "none.csv"))
    path = write(
        tmp_path / "v.csv", "label,youtube_id,time_start,time_end,split\nx,y,0,10,val\n"
    )
    with pytest.raises(DatasetError, match="nothing is in subset 'test'; it names val"):
        read_annotations(source("kinetics", path, "test"))


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The official THUMOS14 files, rebuilt from the reference tables."""
    if not DATA.is_dir():
        pytest.skip(f"no reference data in {DATA.name}/")
    folder = tmp_path_factory.mktemp("thumos14")
    with (DATA / "thumos14_segments.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            short = "test" if row["video_id"].startswith("video_test") else "val"
            path = folder / f"{row['label']}_{short}.txt"
            with path.open("a") as lines:
                lines.write(f"{row['video_id']}  {row['t_start']} {row['t_end']}\n")
    write(folder / "Ambiguous_test.txt", "video_test_0001292 1.0 2.0\n")
    return folder


def test_the_official_thumos14_files_have_the_published_counts(official: Path) -> None:
    both = read_annotations(source("thumos14", official))
    assert len({row.label for row in both.rows}) == 20
    test = read_annotations(source("thumos14", official, "test"))
    assert (len(test.rows), len(test.videos)) == (3358, 213)
    assert len({row.video_id for row in test.rows}) == 212
    validation = read_annotations(source("thumos14", official, "validation"))
    assert (len(validation.rows), len(validation.videos)) == (3007, 200)


def test_thumos14_is_linted_as_measured(official: Path) -> None:
    from zs_dagster.datasets.catalogue import load_catalogue
    from zs_dagster.datasets.lint import lint

    dataset = load_catalogue(Path("nothing"))["thumos14"]
    truth = read_annotations(source("thumos14", official, "test"))
    with (DATA / "thumos14_videos.csv").open(newline="") as file:
        videos = [
            {
                "video_id": row["video_id"],
                "status": "ok",
                "duration_s": float(row["duration_s"]),
                "fps": float(row["fps"]),
                "content_hash": row["video_id"],
            }
            for row in csv.DictReader(file)
            if row["subset"] == "test" and row["video_id"] not in dataset.excluded
        ]
    findings = {finding.rule: finding for finding in lint(dataset, videos, truth)}
    assert findings["segment-past-end"].count == 26
    assert findings["known-bad-video"].count == 2
    assert findings["alias"].examples[0].endswith("CliffDiving are annotated as Diving too")
    assert "missing-video" not in findings
    assert not any(finding.severity == "error" for finding in findings.values())


def test_half_a_character_is_no_label(tmp_path: Path) -> None:
    entry = '{"annotations": [{"label": "%s", "segment": [0, 1]}]}'
    path = tmp_path / "truth.json"
    truth = source("activitynet", path)
    path.write_text('{"database": {"v": ' + entry % "\\ud83c\\udfac" + "}}")
    assert read_annotations(truth, ["v"]).rows[0].label == "🎬"
    path.write_text('{"database": {"v": ' + entry % "\\ud83c" + "}}")
    with pytest.raises(DatasetError, match=r"not usable JSON: .*surrogates not allowed"):
        read_annotations(truth, ["v"])


def test_a_field_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text("video,start_s,end_s,label\nv,0,1,jump\nv,0,1," + "x" * 140_000)
    with pytest.raises(DatasetError, match=r"truth\.csv:3: not usable CSV: field larger than"):
        read_annotations(AnnotationSource(format="csv", path=path), ["v"])
