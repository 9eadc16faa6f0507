"""How does what stands on papers become one PDF? By typst, whose templates lie beside this file, one for each design and version.

What people wrote reaches typst as data, never as markup. It is slow enough (some milliseconds a page) to stay outside transactions.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson
import segno
import typst

HERE = Path(__file__).parent
FONTS = ("fontpkg_ibm_plex_sans", "fontpkg_ibm_plex_sans_arabic")


@cache
def _fonts() -> list[str]:
    found = [find_spec(name) for name in FONTS]
    return [
        str(Path(place) / "files") for one in found if one for place in one.submodule_search_locations or ()
    ]


def draw(papers: Sequence[dict[str, Any]]) -> bytes:
    """Return one PDF of all these papers, as registration.actions.printing.contents describes them. No transaction may be open."""
    return typst.compile(
        str(HERE / "main.typ"), format="pdf", font_paths=_fonts(), ignore_system_fonts=True,
        sys_inputs={"papers": orjson.dumps(list(papers)).decode()},
    )  # fmt: skip


def code_of(address: str) -> str:
    """Return a QR code of an address, as SVG with its quiet zone."""
    image = BytesIO()
    segno.make(address, error="m", micro=False).save(
        image, kind="svg", xmldecl=False, border=4, dark="#000", light="#fff"
    )
    return image.getvalue().decode()


def framed(jpeg: bytes) -> str:
    """Return a photo as an SVG of 35 by 45, the part in the middle where it has other proportions."""
    source = "data:image/jpeg;base64," + b64encode(jpeg).decode()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 35 45" width="350" height="450">'
        f'<image width="35" height="45" preserveAspectRatio="xMidYMid slice" href="{source}"/></svg>'
    )
