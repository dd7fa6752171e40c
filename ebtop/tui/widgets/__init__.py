"""Widgets on Textual's Line API: they paint lines and know nothing of what the lines say."""
