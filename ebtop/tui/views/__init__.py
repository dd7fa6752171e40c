"""What stands between the header and the keys: one view at a time."""
