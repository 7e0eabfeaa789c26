"""What lies outside the graph and changes: files, questions and settings of datasets."""

import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import dagster as dg

from assets.automation.settings import SETTINGS
from assets.partitions import captions_to_datasets, datasets
from resources.library import VideoLibrary
from zs_dagster.datasets.catalogue import AD_HOC_PREFIXES, Catalogue
from zs_dagster.datasets.description import Dataset
from zs_dagster.datasets.sources import GeneratedVideos
from zs_dagster.digests import digest, file_digest
from zs_dagster.errors import ZsDagsterError
from zs_dagster.models.loading import Models

logger = logging.getLogger("zs_dagster.sources")

VERSION_TAG = "dagster/data_version"
SETTINGS_OF = "settings"
GROUP = "sources"
MODEL = "cezsar_model"
# What runs of other datasets make is watched as files are: a job then waits for nothing outside
# of it, and the lineage goes on through the source.
MADE_OF = {"trained_models": ("captions", MODEL)}
Version = Callable[[Dataset, VideoLibrary], str]


def video_files(dataset: Dataset, library: VideoLibrary) -> str:
    """Names, sizes and times of change of the video files, and how they are read."""
    said = dataset.model_dump(mode="json", include={"videos", "reader", "excluded"})
    if isinstance(dataset.videos, GeneratedVideos):
        return digest("video files", said)
    found = library.files(dataset).items()
    return digest("video files", said, [(name, *_stat(path)) for name, path in found])


def annotation_files(dataset: Dataset, _: VideoLibrary) -> str:
    """Ground truth and official lists, and the classes they are read for."""
    said = dataset.model_dump(
        mode="json", include={"annotations", "classes", "aliases", "excluded"}
    )
    places = [dataset.splits, dataset.annotations.path if dataset.annotations else None]
    return digest("annotation files", said, [_content(path) for path in places if path])


def caption_files(dataset: Dataset, _: VideoLibrary) -> str:
    """Captions, and the words they are told by."""
    said = dataset.model_dump(mode="json", include={"captions"})
    paths = list(dataset.captions.paths) if dataset.captions else []
    paths += [dataset.training.concepts] if dataset.training.concepts else []
    return digest("caption files", said, [_content(path) for path in paths])


def questions(dataset: Dataset, library: VideoLibrary) -> str:
    """Texts of the query bank per class, or how a language model would be asked for them."""
    writer = library.query_writer(dataset, Models())
    return digest("questions", {label: writer.key(label) for label in dataset.classes})


def trained_models(dataset: Dataset, library: VideoLibrary) -> str:
    """The models that classifiers are trained as, by other datasets, which have captions."""
    tables = library.home.get().tables
    trained = [name for name in dataset.classification.trained_on if tables.has(MODEL, name)]
    return digest("trained models", {name: tables.content(MODEL, name) for name in trained})


FILES: Mapping[str, Version] = {
    "video_files": video_files,
    "annotation_files": annotation_files,
    "caption_files": caption_files,
    "questions": questions,
    "trained_models": trained_models,
}


def source_key(name: str) -> dg.AssetKey:
    """Return the key of a source: of files, or of the settings of an asset."""
    return dg.AssetKey([name] if name in FILES else [SETTINGS_OF, name])


def source_versions(
    dataset: Dataset, library: VideoLibrary, names: Iterable[str] | None = None
) -> Iterator[tuple[dg.AssetKey, str]]:
    """Yield key and version of some sources of a dataset, or all, that can be read."""
    for name in [*FILES, *SETTINGS] if names is None else names:
        version = source_version(name, dataset, library)
        if version is not None:
            yield source_key(name), version


def source_version(name: str, dataset: Dataset, library: VideoLibrary) -> str | None:
    """Return the version of one source of a dataset; none where it cannot be read.

    A folder that is not mounted tonight is no empty folder.
    """
    try:
        if name in FILES:
            return FILES[name](dataset, library)
        return SETTINGS[name].version(dataset)
    except (ZsDagsterError, OSError) as error:
        logger.info("%s of '%s' cannot be read: %s", name, dataset.name, error)
        return None


def watched(catalogue: Catalogue) -> list[Dataset]:
    """Return the datasets that are looked after: not those made for a single look."""
    return [one for name, one in catalogue.items() if not name.startswith(AD_HOC_PREFIXES)]


def source_assets() -> list[dg.SourceAsset | dg.AssetSpec]:
    """Declare every source, for the lineage and for a look at any time."""
    seen = [_declare(name) for name in [*FILES, *SETTINGS] if name not in MADE_OF]
    return [*seen, *(_declare_made(name) for name in MADE_OF)]


def _declare_made(name: str) -> dg.AssetSpec:
    """Declare a source that is made by other datasets; the sensor looks at it."""
    mapping = captions_to_datasets
    return dg.AssetSpec(
        source_key(name),
        deps=[dg.AssetDep(one, partition_mapping=mapping) for one in MADE_OF[name]],
        partitions_def=datasets,
        group_name=GROUP,
        description=FILES[name].__doc__,
    )


def _declare(name: str) -> dg.SourceAsset:
    key = source_key(name)
    told = FILES[name].__doc__ if name in FILES else f"What datasets say about `{name}`."

    def look(library: VideoLibrary) -> dg.DataVersionsByPartition:
        described = watched(library.catalogue())
        versions = {one.name: source_version(name, one, library) for one in described}
        return dg.DataVersionsByPartition({k: v for k, v in versions.items() if v is not None})

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.observable_source_asset(
            name=key.path[-1],
            key_prefix=key.path[:-1] or None,
            partitions_def=datasets,
            group_name=GROUP,
            description=told,
        )(look)


def _stat(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _content(path: Path) -> list[str]:
    """Digest a file, or every file of a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [f"{file.name} {file_digest(file)}" for file in files if file.is_file()]
