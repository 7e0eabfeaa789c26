"""Template, style and script -> one self-contained HTML page.

The page loads nothing from a network. Its content security policy admits only the inlined
script and style, by their hashes, so that no class or file name can become code.
"""

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

PACKAGE = "zs_dagster.report"


def render_document(
    template: str, *, styles: Sequence[str], scripts: Sequence[str], **values: object
) -> str:
    """Render a template of this package with its style and script inlined.

    Args:
        template: Path inside the package, as are ``styles`` and ``scripts``, which are
            joined in the order given.
        styles: Style sheets.
        scripts: Scripts that share one scope.
        **values: What the template names.

    Returns:
        HTML that can be encoded as UTF-8 and opened from a file. Equal input gives equal
        text.
    """
    style, script = "".join(map(_asset, styles)), "".join(map(_asset, scripts))
    inlined = {
        "style": style,
        "style_hash": _csp_hash(style),
        "script": script,
        "script_hash": _csp_hash(script),
    }
    page = _environment().get_template(template).render(**inlined, **values)
    return page.encode("utf-8", "replace").decode("utf-8")


def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(PACKAGE, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _asset(path: str) -> str:
    return files(PACKAGE).joinpath(path).read_text("utf-8")


def _csp_hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
