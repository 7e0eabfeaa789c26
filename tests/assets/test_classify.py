"""Classification on real clips: what is encoded, what is reused, what the scores are."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from assets.clip_frames import FramesOf, final_times, zar_views
from zs_dagster.datasets.classification import ZarClassifier
from zs_dagster.errors import DatasetError
from zs_dagster.home import Home
from zs_dagster.models.crops import crop_names
from zs_dagster.models.loading import Models

if TYPE_CHECKING:
    from tests.assets.conftest import Run
    from tests.conftest import TinyHome

    RunClassify = Callable[..., Run]

LABELS = {
    "first": "purple ball rises",
    "nested/second": "purple ball falls",
    "third": "orange square slides right",
}
CLIP = {"frames": 4, "templates": ["a video of a {}."]}
ZAR = {"classifier": "zar", "windows": 2, "frames": 3, "frames_eval": 4}


@pytest.fixture
def clips(tiny: "TinyHome") -> "TinyHome":
    """The dataset `tiny` as clips with a label each."""
    rows = ["video,start_s,end_s,label", *(f"{v},,,{label}" for v, label in LABELS.items())]
    (tiny.videos / "labels.csv").write_text("\n".join([*rows, ""]))
    describe(tiny, clip=CLIP, zar=ZAR)
    return tiny


def describe(tiny: "TinyHome", fill: str = "sparse", **classifiers: Any) -> None:  # noqa: ANN401
    tiny.describe(
        task="classification",
        annotations="../tiny-videos/labels.csv",
        localization=None,
        classification={"fill": fill, "classifiers": classifiers},
    )


def probabilities(home: Home) -> dict[tuple[str, str, str], float]:
    """Return the probability of every class by method, video and label."""
    return {
        (row["method"], row["video_id"], row["label"]): row["probability"]
        for table in ("clip_predictions", "zar_predictions")
        for row in home.tables.rows(table, "tiny")
    }


def pairs_of_zar(home: Home) -> int:
    """Count the different pairs of frame and crop that ZAR and CLIP look at."""
    classifier = ZarClassifier.model_validate(ZAR)
    fingerprint = Models().clip_fingerprint("demo")
    count = 0
    for video in home.tables.rows("videos", "tiny"):
        if video["status"] != "ok":
            continue
        known = FramesOf.find(home.store, None, video, fingerprint)
        views = np.unique(zar_views(known, classifier)).size
        # Both final view and CLIP take four uniform frames.
        count += views * len(crop_names(3)) + final_times(known, classifier).size
    return count


def test_a_cold_run_encodes_each_pair_of_frame_and_crop_once_and_a_warm_one_none(
    clips: "TinyHome", run_classify: "RunClassify"
) -> None:
    cold = run_classify(clips)
    home = Home(clips.root)
    assert cold.metadata["frame_features"]["encoded"] == pairs_of_zar(home) > 0
    assert cold.computed("zar_predictions") == len(LABELS)
    before = probabilities(home)
    changed = {"rho": 0.5, "lr": 0.01, "n_steps": 2, "objective": "mean", "ctx_init": "a clip"}
    describe(clips, clip=CLIP, zar={**ZAR, "parameters": changed})
    warm = run_classify(clips)
    assert warm.metadata["frame_features"]["encoded"] == 0
    assert warm.computed("frame_features") == 0
    assert warm.computed("zar_predictions") == len(LABELS)
    after = probabilities(home)
    assert {k: v for k, v in after.items() if k[0] == "clip"} == {
        k: v for k, v in before.items() if k[0] == "clip"
    }
    assert after != before
    assert run_classify(clips).computed("zar_predictions") == 0
    assert probabilities(home) == after


def test_zar_without_its_step_is_plain_clip(
    clips: "TinyHome", run_classify: "RunClassify"
) -> None:
    raw = {**CLIP, "parameters": {"is_prenormalised": False}}
    still = {**ZAR, "parameters": {"n_steps": 0}}
    describe(clips, clip=raw, zar=ZAR, still=still)
    run_classify(clips)
    found = probabilities(Home(clips.root))
    plain = {key[1:]: value for key, value in found.items() if key[0] == "clip"}
    for method in ("zar-unadapted", "still", "still-unadapted"):
        same = {key[1:]: value for key, value in found.items() if key[0] == method}
        assert same.keys() == plain.keys()
        for key, value in same.items():
            assert value == pytest.approx(plain[key], abs=2e-3), (method, key)
    tuned = {key[1:]: value for key, value in found.items() if key[0] == "zar"}
    assert any(abs(tuned[key] - plain[key]) > 1e-3 for key in plain)


def test_batches_workers_and_order_change_no_prediction(
    clips: "TinyHome", run_classify: "RunClassify", monkeypatch: pytest.MonkeyPatch
) -> None:
    run_classify(clips)
    home = Home(clips.root)
    expected = probabilities(home)
    for folder in ("frame_features", "zar", "class_scores", "frame_times"):
        for path in (home.store.root / folder).rglob("*.safetensors"):
            path.unlink()
    from zs_dagster.models import loading
    from zs_dagster.models.clip import OpenClipEncoder
    from zs_dagster.models.profiles import load_profile
    from zs_dagster.video import decoders

    single = OpenClipEncoder(load_profile("demo").clip.model, device="cpu", batch=1)
    monkeypatch.setattr(loading, "_clip", lambda _profile, _device: single)
    monkeypatch.setattr(decoders, "MAX_READ_AHEAD", 0)
    run_classify(clips)
    found = probabilities(home)
    assert found.keys() == expected.keys()
    for key, value in found.items():
        assert value == pytest.approx(expected[key], abs=1e-3), key


def test_localization_and_classification_share_what_was_encoded(
    clips: "TinyHome", run_classify: "RunClassify", run_localize: "RunClassify"
) -> None:
    describe(clips, "dense", clip=CLIP)
    dense = run_classify(clips)
    frames = sum(v["n_frames"] or 0 for v in Home(clips.root).tables.rows("videos", "tiny"))
    assert dense.metadata["frame_features"]["encoded"] == frames
    clips.describe()
    located = run_localize(clips, only=["frame_features"])
    assert located.computed("frame_features") == len(LABELS)
    assert located.metadata["frame_features"]["encoded"] == 0


def test_every_sampler_finds_its_frames_in_a_dense_bank(
    clips: "TinyHome", run_classify: "RunClassify"
) -> None:
    samplers = (
        *("uniform_center", "uniform_linspace", "jitter", "fps:2", "scene", "motion"),
        *("motion_peaks", "arc_length", "k_centre", "query_aware", "mixed:motion"),
    )
    many = {s.replace(":", "-"): {**CLIP, "sampler": s} for s in samplers}
    vcs = {**CLIP, "aggregator": "vcs"}
    many28 = {**CLIP, "templates": "kinetics28", "ensemble": "probability"}
    words = {**CLIP, "texts": "descriptions", "aggregator": "mean_prob"}
    describe(clips, "dense", vcs=vcs, many28=many28, words=words, **many)
    run = run_classify(clips)
    rows = Home(clips.root).tables.rows("clip_predictions", "tiny")
    assert {row["method"] for row in rows} == {*many, "vcs", "many28", "words"}
    for row in rows:
        assert 0 <= row["probability"] <= 1
        assert 1 <= row["n_frames"] <= (8 if row["method"] == "fps-2" else 4)
    again = run_classify(clips)
    assert again.metadata["frame_features"]["encoded"] == 0
    assert run.metadata["frame_features"]["encoded"] > 0


def test_scores_of_all_classes_lie_in_the_store(
    clips: "TinyHome", run_classify: "RunClassify"
) -> None:
    run_classify(clips)
    home = Home(clips.root)
    for row in home.tables.rows("zar_classifiers", "tiny"):
        names = home.store.load_document("class_scores", row["scores"])
        assert names is not None
        logits = home.store.load_arrays("class_scores", row["scores"])["logits"]
        assert logits.shape == (len(names["videos"]), len(names["classes"])) == (3, 3)
        assert json.loads(row["parameters"])["frames_eval"] == 4
        assert row["skipped"] == 0


def test_a_dataset_of_untrimmed_videos_is_refused(
    tiny: "TinyHome", run_classify: "RunClassify"
) -> None:
    with pytest.raises(DatasetError, match="classification needs a dataset with task: cla"):
        run_classify(tiny)
