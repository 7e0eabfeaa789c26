"""Pictures that need not be drawn again."""

from collections.abc import Callable

import dagster as dg

from assets.markdown import picture
from assets.reuse import code_version
from zs_dagster.digests import digest
from zs_dagster.home import Home

KIND = "pictures"


def last_picture(
    context: dg.AssetExecutionContext,
    home: Home,
    title: str,
    shown: object,
    draw: Callable[[], bytes],
) -> dg.MarkdownMetadataValue:
    """Show a PNG, the one of the last run where that showed the same.

    Args:
        context: Names the asset and the dataset; of each, one picture is kept.
        home: Where it is kept.
        title: As for `picture`.
        shown: All that is drawn, in JSON.
        draw: Returns the PNG.
    """
    key = digest(KIND, context.asset_key.to_user_string(), context.partition_key)
    made_of = digest(code_version(), title, shown)
    known = home.store.load_document(KIND, key)
    if known and known["made_of"] == made_of:
        return dg.MetadataValue.md(known["markdown"])
    drawn = picture(draw(), title)
    home.store.save_document(KIND, key, {"made_of": made_of, "markdown": drawn.md_str})
    return drawn
