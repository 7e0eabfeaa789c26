"""The shipped datasets: classes, prompt names and official splits, against their sources."""

import json
from pathlib import Path
from typing import Any

import pytest

from zs_dagster.datasets.catalogue import load_catalogue
from zs_dagster.datasets.labels import normalised
from zs_dagster.datasets.splits import load_splits

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
CATALOGUE = load_catalogue(Path("nothing"))
SIZES = {
    "thumos14": 20,
    "activitynet13": 200,
    "hmdb51": 51,
    "ucf101": 101,
    "kinetics400": 400,
    "kinetics600": 620,
}
TEN_SPLITS = [
    (dataset, f"{kind}-{number}")
    for dataset in ("thumos14", "activitynet13")
    for kind in ("seen50", "seen75")
    for number in range(10)
]
with_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no reference data in {DATA.name}/")


def reference(name: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads((DATA / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_every_class_has_a_prompt_name_of_plain_words(name: str, size: int) -> None:
    dataset = CATALOGUE[name]
    assert len(dataset.classes) == len(set(dataset.classes)) == size
    names = [dataset.prompt_names[label] for label in dataset.classes]
    assert len(set(names)) == size
    assert all(text and "_" not in text and text == text.strip() for text in names)
    assert dataset.source
    assert dataset.licence


def test_misspelt_labels_stay_and_their_prompt_names_are_right() -> None:
    names = CATALOGUE["activitynet13"].prompt_names
    assert names["Plataform diving"] == "platform diving"
    assert names["Polishing forniture"] == "polishing furniture"
    assert names["Mooping floor"] == "mopping the floor"
    assert names["Hand car wash"] == "washing a car by hand"
    assert names["Playing guitarra"] == "playing the guitar"
    assert names["Playing flauta"] == "playing the flute"


@pytest.mark.parametrize("name", SIZES)
def test_splits_are_disjoint_and_complete(name: str) -> None:
    dataset = CATALOGUE[name]
    for split in load_splits(dataset).values():
        parts = [*split.seen, *split.unseen, *split.validation]
        assert split.overlap == ()
        assert sorted(parts) == sorted(dataset.classes), split.name


@pytest.mark.parametrize(
    ("name", "split", "sizes"),
    [
        ("thumos14", "seen50-0", (10, 10, 0)),
        ("thumos14", "seen75-9", (15, 5, 0)),
        ("activitynet13", "seen50-9", (100, 100, 0)),
        ("activitynet13", "seen75-0", (150, 50, 0)),
        ("hmdb51", "base-to-novel", (26, 25, 0)),
        ("ucf101", "base-to-novel", (51, 50, 0)),
        ("ucf101", "truze", (67, 34, 0)),
        ("ucf101", "truze-2.0", (70, 31, 0)),
        ("ucf101", "hard-cases", (86, 15, 0)),
        ("ucf101", "semantic-gap", (97, 4, 0)),
        ("kinetics400", "all-unseen", (0, 400, 0)),
        ("kinetics400", "base-to-novel", (200, 200, 0)),
        ("kinetics600", "zsl220-0", (400, 160, 60)),
        ("kinetics600", "zsl220-1", (400, 160, 60)),
        ("kinetics600", "zsl220-2", (400, 160, 60)),
    ],
)
def test_splits_have_the_published_sizes(
    name: str, split: str, sizes: tuple[int, int, int]
) -> None:
    found = load_splits(CATALOGUE[name])[split]
    assert (len(found.seen), len(found.unseen), len(found.validation)) == sizes


def test_an_official_list_never_tests_two_thumos_classes_at_75_percent() -> None:
    splits = load_splits(CATALOGUE["thumos14"])
    tested = {c for name, s in splits.items() if name.startswith("seen75") for c in s.unseen}
    assert set(CATALOGUE["thumos14"].classes) - tested == {"BasketballDunk", "LongJump"}


@with_data
@pytest.mark.parametrize(("dataset", "split"), TEN_SPLITS)
def test_the_ten_splits_are_the_official_ones(dataset: str, split: str) -> None:
    kind, number = split.split("-")
    folder = DATA / "zstal_splits" / dataset / kind
    found = load_splits(CATALOGUE[dataset])[split]
    for part, labels in (("train", found.seen), ("test", found.unseen)):
        lines = (folder / part / f"split_{number}.list").read_text().split("\n")
        assert sorted(labels) == sorted(filter(None, (line.strip() for line in lines)))


@with_data
def test_labels_are_those_of_the_sources() -> None:
    kinetics = reference("kinetics/k620_class_names.json")
    assert list(CATALOGUE["kinetics600"].classes) == kinetics
    assert set(CATALOGUE["kinetics400"].classes) == set(kinetics[:400])
    assert set(CATALOGUE["hmdb51"].classes) == set(reference("hmdb51/effprompt_clsname.json"))
    for name, file in (("thumos14", "thumos14"), ("activitynet13", "activitynet13")):
        official = reference(f"{file}/classes_zeal.json").values()
        assert set(CATALOGUE[name].classes) == set(official)


@with_data
@pytest.mark.parametrize("number", range(3))
def test_kinetics_600_is_divided_by_index(number: int) -> None:
    split = load_splits(CATALOGUE["kinetics600"])[f"zsl220-{number}"]
    classes = CATALOGUE["kinetics600"].classes
    for part, file in ((split.unseen, "tst"), (split.validation, "val"), (split.seen, "trn")):
        indices = reference(f"kinetics/k600_zsl220_{file}_class_idxs.json")[number]
        assert sorted(classes.index(label) for label in part) == sorted(indices)


@with_data
@pytest.mark.parametrize(
    ("name", "key"),
    [("hmdb51", "hmdb_51"), ("ucf101", "ucf_101"), ("kinetics400", "kinetics_400")],
)
def test_base_and_novel_classes_are_the_published_ones(name: str, key: str) -> None:
    official = reference("base_to_novel_classes.json")[key]
    split = load_splits(CATALOGUE[name])["base-to-novel"]
    for labels, part in ((split.seen, "base"), (split.unseen, "novel")):
        assert {normalised(x) for x in labels} == {normalised(x) for x in official[part]}


@with_data
@pytest.mark.parametrize(("split", "file"), [("truze", "truezsl"), ("truze-2.0", "truezsl2.0")])
def test_truze_is_the_published_division(split: str, file: str) -> None:
    official = reference(f"cezsar/ucf101_{file}_splits.json")
    found = load_splits(CATALOGUE["ucf101"])[split]
    for labels, part in ((found.seen, "training"), (found.unseen, "testing")):
        assert {normalised(x) for x in labels} == {normalised(x) for x in official[part]}
