"""What the Dagster UI renders as Markdown: pictures in metadata, and descriptions of checks."""

import base64
import re

import dagster as dg

# All that begins something other than text within a line.
_MARKS = re.compile(r"([\\`*_\[\]<>&|~])")


def plain(text: str) -> str:
    """Escape text of one line, so that Markdown shows it as it is.

    Else a name fetches a picture from wherever it says, hides as a tag or becomes a link to
    where it does not say. A bare address stays a link that shows where it leads.
    """
    return _MARKS.sub(r"\\\1", text)


def picture(png: bytes, title: str) -> dg.MarkdownMetadataValue:
    """Show a PNG in the metadata of an asset; of the title, what is no mark of Markdown."""
    said = "".join(c for c in title if c.isalnum() or c in " ._-")
    data = base64.b64encode(png).decode()
    return dg.MetadataValue.md(f"![{said}](data:image/png;base64,{data})")
