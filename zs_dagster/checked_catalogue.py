"""The catalogue, checked against the profiles, protocols, localizers and classifiers there are.

Datasets only name those; here is where they meet.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from zs_dagster.classification.aggregation import aggregator
from zs_dagster.classification.templates import templates_of
from zs_dagster.datasets.catalogue import Catalogue, load_catalogue
from zs_dagster.datasets.classification import (
    CezsarClassifier,
    ClipClassifier,
    ZarClassifier,
)
from zs_dagster.datasets.description import CAPTIONS, Dataset
from zs_dagster.datasets.evaluation_sets import chosen_splits
from zs_dagster.datasets.localization import Method
from zs_dagster.datasets.random_classes import random_classes
from zs_dagster.datasets.splits import load_splits
from zs_dagster.errors import DatasetError, InputError
from zs_dagster.evaluation.protocols import get_protocol
from zs_dagster.joint_embedding.parameters import with_overrides
from zs_dagster.localization.methods import method_parameters
from zs_dagster.localization.registry import get_localizer
from zs_dagster.models.clip import clip_fingerprint
from zs_dagster.models.profiles import load_profile
from zs_dagster.models.prompt_tuning.parameters import ZarParameters
from zs_dagster.video.samplers import sampler


def checked_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue and check what its files say about models, methods and metrics.

    A broken file is found before any video is read, not after a night's work.
    """
    catalogue = load_catalogue(folder)
    for check in (check_dataset, partial(_check_trainings, catalogue)):
        for name, dataset in list(catalogue.items()):
            try:
                check(dataset)
            except InputError as error:
                catalogue.refuse(name, error)
    return catalogue


def check_dataset(dataset: Dataset) -> None:
    """Check what a dataset says about models, methods and metrics.

    Raises:
        DatasetError: If it names one that does not exist; with file and line.
    """
    with _told_with_place(dataset, "profile"):
        profile = load_profile(dataset.profile)
    if dataset.question_writer == "llm":
        with _told_with_place(dataset, "question_writer"):
            profile.named_llm()
    with _told_with_place(dataset, "localization", "protocol"):
        get_protocol(dataset.localization.protocol)
    for name, method in dataset.localization.methods.items():
        with _told_with_place(dataset, "localization", "methods", name):
            _check_method(dataset, method)
    for name, classifier in dataset.classification.classifiers.items():
        _check_classifier(dataset, name, classifier)
    _check_splits(dataset)
    random_classes(dataset)
    for key in ("preset", "parameters"):
        with _told_with_place(dataset, "training", key):
            given = dataset.training.parameters if key == "parameters" else {}
            joint = with_overrides(dataset.training.preset, given)
            if (
                key == "parameters"
                and joint.residual
                and dataset.training.text_encoder != "clip"
            ):
                raise InputError(
                    "residual must be false where text_encoder is not clip: frames and "
                    "sentences are then of two spaces; got true"
                )


def _check_method(dataset: Dataset, method: Method) -> None:
    parameters = method_parameters(method.localizer, method.preset, method.parameters, {})
    reads_middle = get_localizer(method.localizer).reads_middle(parameters)
    if reads_middle and not dataset.localization.score_middle:
        raise InputError(
            f"localizer {method.localizer} reads the middle question; set score_middle: true"
        )


def _check_classifier(
    dataset: Dataset, name: str, classifier: ClipClassifier | ZarClassifier | CezsarClassifier
) -> None:
    place = ("classification", "classifiers", name)
    if isinstance(classifier, CezsarClassifier):
        return  # What it names are other datasets, see `_check_training`.
    if isinstance(classifier, ZarClassifier):
        with _told_with_place(dataset, *place, "parameters"):
            ZarParameters.of(classifier.parameters)
        return
    with _told_with_place(dataset, *place, "sampler"):
        sampler(classifier.sampler)
    with _told_with_place(dataset, *place, "templates"):
        templates_of(classifier.templates)
    with _told_with_place(dataset, *place, "aggregator"):
        aggregator(classifier.aggregator)
    with _told_with_place(dataset, *place, "parameters"):
        aggregator(classifier.aggregator, classifier.parameters)


def _check_trainings(catalogue: Catalogue, dataset: Dataset) -> None:
    for name, classifier in dataset.classification.cezsar.items():
        _check_training(catalogue, dataset, name, classifier)


def _check_training(
    catalogue: Catalogue, dataset: Dataset, name: str, classifier: CezsarClassifier
) -> None:
    """Check that a classifier names captions it can use: of the same image encoder."""
    where = ("classification", "classifiers", name)
    place = dataset.place(*where, "trained_on")
    source = catalogue.get(classifier.trained_on)
    if source is None or source.task != CAPTIONS:
        known = [one.name for one in catalogue.values() if one.task == CAPTIONS]
        raise DatasetError(
            f"{place}: trained_on must be a dataset with task: captions, of "
            f"{', '.join(sorted(known)) or 'which there is none'}; got "
            f"'{classifier.trained_on}'"
        )
    if _image_encoder(source) != _image_encoder(dataset):
        raise DatasetError(
            f"{place}: '{source.name}' has the profile '{source.profile}' and '{dataset.name}' "
            f"the profile '{dataset.profile}', whose image encoders differ; give both one "
            "profile"
        )
    most = with_overrides(source.training.preset, source.training.parameters).frames
    if classifier.frames > most:
        raise DatasetError(
            f"{dataset.place(*where, 'frames')}: frames must be at most {most}, those that "
            f"'{source.name}' is trained with; got {classifier.frames}"
        )
    if classifier.mode != "visual" and source.training.concepts is None:
        raise DatasetError(
            f"{dataset.place(*where, 'mode')}: mode {classifier.mode} needs objects, and "
            f"'{source.name}' names no `training.concepts`; name a vocabulary there, or use "
            "mode: visual"
        )


def _image_encoder(dataset: Dataset) -> str:
    clip = load_profile(dataset.profile).clip
    return clip_fingerprint(clip.model, clip.pretrained)


def _check_splits(dataset: Dataset) -> None:
    """Check the names of divisions; a file that is missing is told where it is needed."""
    if dataset.classification.splits and (not dataset.splits or dataset.splits.is_file()):
        chosen_splits(dataset, load_splits(dataset))


@contextmanager
def _told_with_place(dataset: Dataset, *keys: str) -> Iterator[None]:
    try:
        yield
    except InputError as error:
        raise DatasetError(f"{dataset.place(*keys)}: {error}") from error
