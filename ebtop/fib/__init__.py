"""Pure code: the RIB in columns, best-route selection, the FIB image and its patches."""
