"""Values with the field's names. No I/O, no clock, nothing but stdlib and numpy."""
