"""Installing patches: each word is one aligned 32-bit store, in make-before-break order."""

import struct

from ebtop.datapath import syscall
from ebtop.datapath.maps import Maps
from ebtop.fib.patch import NeighbourStore, Patch, Store


class Installer:
    """Writes patches into the maps and keeps to the grace periods between their parts."""

    def __init__(self, maps: Maps) -> None:
        self._words = {
            name: maps.words(name)
            for name in (
                *("root4", "root6", "blocks", "sets", "members"),
                *("adjacencies", "route_sets"),
            )
        }
        self._neighbours = maps.descriptors["neighbours"]
        self._grace_due = False

    def install(self, patch: Patch) -> None:
        """Fill, grace period, publish. What the patch freed may be reused by the next one."""
        if patch.fill:
            self.settle()
            self._store(patch.fill)
            syscall.grace_period()
        for neighbour in patch.neighbours:
            self._set_neighbour(neighbour)
        self._store(patch.publish)
        self._grace_due = self._grace_due or patch.frees

    def require_grace(self) -> None:
        """Something was given up that packets may still hold: route ids."""
        self._grace_due = True

    def settle(self) -> bool:
        """Waits until no packet can still hold what earlier patches freed; whether it waited."""
        if not self._grace_due:
            return False
        syscall.grace_period()
        self._grace_due = False
        return True

    def _store(self, stores: tuple[Store, ...]) -> None:
        for store in stores:
            self._words[store.array][store.start : store.start + len(store.words)] = store.words

    def _set_neighbour(self, store: NeighbourStore) -> None:
        if store.adjacency is None:
            syscall.delete_element(self._neighbours, store.key)
        else:
            syscall.update_element(self._neighbours, store.key, struct.pack("=I", store.adjacency))
