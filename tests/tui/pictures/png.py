"""SVG as PNG, with one font file and no other: the same bytes on every machine."""

from pathlib import Path

from resvg_py import svg_to_bytes

_FONTS = Path("/usr/share/fonts/truetype/dejavu")
_FILES = ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf")
_ZOOM = 1.5


def render_png(svg: str) -> bytes:
    """The picture in pixels, half as many again as the SVG has.

    Raises:
        FileNotFoundError: The fonts (Debian: fonts-dejavu-core) are not there.
    """
    files = [_FONTS / name for name in _FILES]
    for file in files:
        if not file.exists():
            raise FileNotFoundError(f"{file} is not there; install fonts-dejavu-core.")
    return svg_to_bytes(
        svg_string=svg, skip_system_fonts=True, font_files=[str(file) for file in files], zoom=_ZOOM
    )
