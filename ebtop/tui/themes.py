"""The screen's own themes, and what the palette offers.

Good is blue-green, a warning orange, bad a light or deep red: eyes that cannot tell red from green
tell these apart (M. Okabe and K. Ito, "Color Universal Design"), and symbols say the same.
"""

from textual.theme import Theme

_DARK = Theme(
    name="ebtop-dark",
    primary="#5aa9f0",
    secondary="#7f8fa3",
    accent="#e8a33d",
    success="#35c4a0",
    warning="#f0ab4a",
    error="#ff7085",
    foreground="#dfe5ea",
    background="#0f1317",
    surface="#161c22",
    panel="#1d252d",
    variables={
        "text-primary": "#7cbcf5",
        "text-success": "#4fd1b0",
        "text-warning": "#f2b45c",
        "text-error": "#ff8496",
        "text-muted": "#93a1ae",
        "foreground-muted": "#93a1ae",
    },
)
_LIGHT = Theme(
    name="ebtop-light",
    primary="#0b63b5",
    secondary="#5b6875",
    accent="#a35c00",
    success="#00735c",
    warning="#965200",
    error="#b3163c",
    foreground="#1b2228",
    background="#fbfcfd",
    surface="#eff2f5",
    panel="#e4e9ee",
    dark=False,
    variables={
        "text-primary": "#0a569d",
        "text-success": "#006a55",
        "text-warning": "#8a4b00",
        "text-error": "#a81237",
        "text-muted": "#55626e",
        "foreground-muted": "#55626e",
    },
)
_CONTRAST = Theme(
    name="ebtop-contrast",
    primary="#6cc4ff",
    secondary="#c8d2da",
    accent="#ffc24d",
    success="#3df0c0",
    warning="#ffc24d",
    error="#ff8f9f",
    foreground="#ffffff",
    background="#000000",
    surface="#101010",
    panel="#1c1c1c",
    variables={
        "text-primary": "#8fd2ff",
        "text-success": "#3df0c0",
        "text-warning": "#ffc24d",
        "text-error": "#ff9fad",
        "text-muted": "#d5dbe0",
        "foreground-muted": "#d5dbe0",
    },
)
OWN_THEMES = (_DARK, _LIGHT, _CONTRAST)
DEFAULT = _DARK.name
LIGHT = _LIGHT.name
SIXTEEN_COLOURS = "ansi-dark"
"""Textual's theme for terminals that have no more."""

THEMES = {
    "dark": _DARK.name,
    "light": LIGHT,
    "high contrast": _CONTRAST.name,
    "the terminal's own colours, dark": SIXTEEN_COLOURS,
    "the terminal's own colours, light": "ansi-light",
}
"""Names for the palette."""
