"""The screen's way to the terminal: what is sent, in which characters, and what stays behind."""
