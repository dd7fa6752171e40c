"""The loop that ties kernel, FIB and maps together, and what it shares with its clients."""
