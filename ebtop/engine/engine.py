"""The engine: one loop over the kernel's events, the watchers' socket and a schedule."""

import math
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress

from ebtop.datapath.datapath import Datapath, Sizes
from ebtop.engine.control import ControlPlane, routes_by_family
from ebtop.engine.edits import Edits
from ebtop.engine.ending import EndedError, Ending
from ebtop.engine.exceptions import ExceptionWatch
from ebtop.engine.options import Options
from ebtop.engine.ports import PortControl
from ebtop.engine.requests import Commit
from ebtop.engine.schedule import Schedule, wait_readable
from ebtop.engine.server import Server
from ebtop.engine.status import Health, Status
from ebtop.fib.layout import Capacity
from ebtop.kernel.events import (
    LinksRead,
    Message,
    NeighboursRead,
    NexthopsChanged,
    RoutesChanged,
    RoutesDumped,
    RulesChanged,
)
from ebtop.kernel.monitor import Monitor
from ebtop.kernel.multipath import read_multipath_hash_policy
from ebtop.kernel.netlink import MalformedMessage
from ebtop.kernel.preflight import read_reasons
from ebtop.kernel.refresh import NeighbourRefresh
from ebtop.model.columns import RouteColumns, concatenate
from ebtop.model.port import Link, Mode, Reason

__all__ = ["LEASE_S", "Engine", "Options"]

LEASE_S = 3.0
_RENEW_S = 1.0
_TICK_S = 0.5
_TICK_AFTER_COMMIT_S = 0.05
_PREFLIGHT_S = 1.0
_POLL_S = 5.0
_RECONCILE_S = 30.0
_CONFUSED_S = 1.0
_RECENT_UNITS = 8  # of jiffies >> 8: a neighbour that carried traffic as lately is kept fresh
_WATCHERLESS_S = 10.0  # a transient engine waits so long for its first watcher


class Engine:
    """Made in the order that is safe: own the namespace, read the kernel, fill the maps, attach."""

    def __init__(
        self, options: Options, server: Server | None = None, ending: Ending | None = None
    ) -> None:
        """Takes over server and ending; makes its own where none is given.

        Raises OwnedError, EndedError, DatapathError, OSError.
        """
        self._options = options
        self._started_s = time.monotonic()
        with ExitStack() as opened:
            self._server = server or Server(read_only=options.read_only)
            opened.callback(self._server.close)
            self._ending = ending or Ending()
            opened.callback(self._ending.close)
            self._load("reading the kernel's tables")
            self._monitor = Monitor()
            opened.callback(self._monitor.close)
            self._open(opened)
            self._opened = opened.pop_all()

    def _open(self, opened: ExitStack) -> None:
        messages = list(self._monitor.dump_all())
        routes = concatenate([m.columns for m in messages if isinstance(m, RoutesDumped)])
        ipv4, ipv6 = routes_by_family(routes)
        capacity = Capacity.for_table(ipv4, ipv6)
        read = f"{ipv4:,} IPv4 and {ipv6:,} IPv6 routes read"
        self._load(f"{read}; compiling the datapath")
        self._datapath = Datapath(Sizes(capacity))
        opened.callback(self._datapath.close)
        opened.callback(self._datapath.end_lease)
        self._ports = PortControl(
            self._datapath.ports, only=self._options.ports, observe=self._options.observe
        )
        command = "ebtop" if self._options.transient else "ebtop run"
        self._status = Status(self._datapath.samples, self._ports, capacity.routes, command)
        opened.callback(self._status.shared.close)
        self._control = ControlPlane(
            capacity, self._datapath.installer, self._ports, self._status.start_routes
        )
        self._refresh = NeighbourRefresh()
        opened.callback(self._refresh.close)
        self._edits = Edits()
        opened.callback(self._edits.close)
        self._exceptions = ExceptionWatch()
        self._exceptions.read_changes()
        self._reasons: tuple[Reason, ...] = ()
        self._reconciled_s = self._renewed_s = time.monotonic()
        self._fresh_s = self._reconciled_s  # when the routes were last known to be whole
        self._confused = False
        self._load(f"{read}; filling the tables")
        for message in messages:
            self._handle(message)
        self._load("asking what keeps XDP from forwarding")
        self._preflight()
        self._renew()

    def _load(self, text: str) -> None:
        """Says what comes next, and goes no further once nobody wants the engine any more."""
        self._ending.check()
        self._server.tell_loading(text)
        if self._abandoned():
            raise EndedError("the last watcher has gone")

    def run(self) -> None:
        """Until a signal, or the last watcher of a transient engine, ends it. Detaches."""
        try:
            self._loop()
        finally:
            self._ending.ignore_signals()
            self.close()

    def close(self) -> None:
        """Hands all traffic back to the kernel."""
        self._opened.close()

    def _loop(self) -> None:
        self._server.share(self._status.shared.descriptor, self._options.origin)
        self._schedule = self._plan()
        self._tick()
        while not (self._ending.asked or self._abandoned()):
            due_s = self._monitor.due_s()
            wait_s = min(self._schedule.wait_s(), math.inf if due_s is None else due_s)
            sockets = self._server.filenos()
            kernel = self._monitor.fileno()
            readable = wait_readable((self._ending.fileno(), kernel, *sockets), wait_s)
            if kernel in readable or due_s is not None:
                self._follow(self._monitor.read())
            for fileno in sockets:
                if fileno in readable:
                    self._serve(fileno)
            self._schedule.run_due()

    def _plan(self) -> Schedule:
        schedule = Schedule()
        schedule.every(_RENEW_S, self._renew)
        schedule.every(_TICK_S, self._tick)
        schedule.every(_PREFLIGHT_S, self._preflight)
        schedule.every(_CONFUSED_S, self._reconcile_if_confused)
        schedule.every(_RENEW_S, self._keep_neighbours)
        schedule.every(_POLL_S, self._poll)
        schedule.every(_RECONCILE_S, self._reconcile)
        return schedule

    def _serve(self, fileno: int) -> None:
        """Takes what a watcher says; an edit shows at the next tick, which comes soon."""
        asked = self._server.handle(fileno)
        if asked is None:
            return
        self._renew()
        outcome = self._edits.do(asked.request, read_only=asked.read_only)
        self._renew()
        self._server.answer(asked.watcher, asked.request.number, outcome)
        if isinstance(asked.request, Commit):
            self._follow(self._monitor.read())
            self._schedule.hasten(self._tick, _TICK_AFTER_COMMIT_S)

    def _abandoned(self) -> bool:
        """A transient engine without watchers, or one that none ever came to."""
        if not self._options.transient or self._server.watchers:
            return False
        waited_s = time.monotonic() - self._started_s
        return self._server.served > 0 or waited_s > _WATCHERLESS_S

    def _follow(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self._handle(message)
            self._renew_if_late()

    def _handle(self, message: Message) -> None:
        now_s = time.monotonic()
        match message:
            case RoutesDumped(columns):
                self._replace(columns)
            case RoutesChanged(columns):
                self._confused |= self._control.apply_routes(columns, now_s)
                self._reconcile_if_confused()
            case LinksRead(links):
                self._follow_ports(links)
            case NeighboursRead(neighbours):
                self._control.rewire(neighbours)
            case RulesChanged():
                self._preflight()
            case NexthopsChanged():
                pass  # the monitor dumps the routes that they may concern

    def _replace(self, columns: RouteColumns) -> None:
        self._control.replace_routes(self._exceptions.join(columns), time.monotonic())
        self._reconciled_s = time.monotonic()
        self._confused = False

    def _follow_ports(self, links: Mapping[int, Link]) -> None:
        born = self._ports.follow(links, self._reasons)
        if born:
            self._status.start_ports(born)
        self._control.rewire()

    def _preflight(self) -> None:
        own = frozenset({self._datapath.program_id})
        self._reasons = (*read_reasons(self._ports.links, own), *self._staleness())
        self._ports.note_preflight()
        self._datapath.set_hash_ports(on=read_multipath_hash_policy() != 0)
        self._follow_ports(self._ports.links)

    def _staleness(self) -> tuple[Reason, ...]:
        """A reason once events were lost for longer than the lease, and no resync succeeded."""
        if not self._monitor.stale:
            self._fresh_s = time.monotonic()
        if time.monotonic() - self._fresh_s < LEASE_S:
            return ()
        text = "Changes of the kernel's routes were lost and could not be read again yet."
        return (Reason("stale", text, "Nothing to do; forwarding comes back by itself."),)

    def _renew(self) -> None:
        self._datapath.renew_lease(LEASE_S)
        self._renewed_s = time.monotonic()

    def _renew_if_late(self) -> None:
        if time.monotonic() - self._renewed_s > _RENEW_S:
            self._renew()

    def _tick(self) -> None:
        now_s = time.monotonic()
        self._control.expire_routes(now_s)
        health = Health(
            mode=self._mode(),
            lease_s=max(LEASE_S - (now_s - self._renewed_s), 0.0),
            reconciled_s=now_s - self._reconciled_s,
            notices=self._notices(),
        )
        self._server.send(self._status.publish(self._control, health, self._server.focus))

    def _mode(self) -> Mode:
        modes = {self._ports.mode(ifindex) for ifindex in self._ports.ports}
        return Mode.FORWARD if Mode.FORWARD in modes else Mode.OBSERVE

    def _notices(self) -> tuple[str, ...]:
        notices = []
        left_out = self._control.rib.overflow + self._control.fib.overflow
        if left_out:
            notices.append(
                f"The tables are too small: the kernel forwards for {left_out} routes. An engine"
                " that is started now makes larger ones."
            )
        names = {link.name for link in self._ports.links.values()}
        absent = sorted(self._options.ports - names)
        if absent:
            notices.append(f"No interface is called {', '.join(absent)}.")
        return tuple(notices)

    def _keep_neighbours(self) -> None:
        now = self._datapath.used_now()
        used = self._datapath.samples.read_used()
        recent = {
            key
            for index, key in self._control.fib.adjacencies().items()
            if 0 <= now - int(used[index]) <= _RECENT_UNITS
        }
        entries = (self._control.neighbours.get(key) for key in recent)
        with suppress(OSError, MalformedMessage):  # those that were not refreshed come again
            self._refresh.refresh(entry for entry in entries if entry is not None)

    def _poll(self) -> None:
        self._follow(self._monitor.poll())
        try:
            changes = self._exceptions.read_changes()
        except (OSError, MalformedMessage):
            return  # the next poll compares with what is known now
        if len(changes):
            self._control.apply_routes(changes, time.monotonic())

    def _reconcile_if_confused(self) -> None:
        """An event that did not fit what is held wants a dump, but not one for each such event."""
        if self._confused and time.monotonic() - self._reconciled_s > _CONFUSED_S:
            self._reconcile()

    def _reconcile(self) -> None:
        try:
            dump = self._monitor.dump_routes()
        except (OSError, MalformedMessage):
            return  # it stays due: the monitor reads it again
        self._renew_if_late()
        self._replace(dump.columns)
