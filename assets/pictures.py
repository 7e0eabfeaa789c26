"""Pictures in the Dagster UI."""

import base64

import dagster as dg


def picture(png: bytes, title: str) -> dg.MarkdownMetadataValue:
    """Show a PNG in the metadata of an asset; the title is plain text, not Markdown."""
    plain = "".join(c for c in title if c.isalnum() or c in " ._-")
    data = base64.b64encode(png).decode()
    return dg.MetadataValue.md(f"![{plain}](data:image/png;base64,{data})")
