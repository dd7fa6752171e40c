"""Which interfaces are ports, and what each may do now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ebtop.datapath import ports as records
from ebtop.datapath.ports import ForeignProgramError, PortRecord, Ports
from ebtop.datapath.syscall import DatapathError
from ebtop.model.port import AttachKind, Link, Mode, Reason

# Drivers without hardware behind them that carry a router's traffic. What stacks on other
# interfaces (bridge, bond, VLAN, tunnel) is no port: the kernel forwards there.
_PORT_KINDS = frozenset({"", "veth", "tun", "virt_wifi", "netdevsim"})


def is_port(link: Link, only: Collection[str]) -> bool:
    """Whether the interface gets a program; `only` names the wanted ones, empty: all."""
    if not link.ethernet or link.loopback or link.kind not in _PORT_KINDS:
        return False
    return not only or link.name in only


def compile_record(link: Link, *, forward: bool, transmit: bool) -> PortRecord:
    """The record that the programs read."""
    flags = records.FORWARD if forward else 0
    if link.forwarding4:
        flags |= records.IPV4
    if link.forwarding6:
        flags |= records.IPV6
    if link.rp_filter and not link.has_ipv4:
        flags |= records.RPF_PUNT
    elif link.rp_filter:
        flags |= records.RPF_STRICT if link.rp_filter == 1 else records.RPF_LOOSE
    if transmit and link.up and link.carrier:
        flags |= records.TRANSMIT
    return PortRecord(flags=flags, mtu4=link.mtu, mtu6=min(link.mtu, link.mtu6), mac=link.mac[:6])


@dataclass(slots=True)
class _Port:
    name: str
    attach: AttachKind
    record: PortRecord
    reasons: tuple[Reason, ...] = ()


@dataclass(slots=True)
class PortControl:
    """Keeps programs and records in step with links and preflight's reasons."""

    datapath: Ports
    only: frozenset[str] = frozenset()
    observe: bool = False  # the operator wants nothing forwarded
    _ports: dict[int, _Port] = field(default_factory=dict)
    _refused: dict[int, Reason] = field(default_factory=dict)
    _links: Mapping[int, Link] = field(default_factory=dict)
    _asked: set[int] = field(default_factory=set)

    @property
    def ports(self) -> Mapping[int, _Port]:
        """Attached ports by ifindex."""
        return self._ports

    @property
    def refused(self) -> Mapping[int, Reason]:
        """Interfaces that took no program, with the reason."""
        return self._refused

    @property
    def links(self) -> Mapping[int, Link]:
        """All interfaces."""
        return self._links

    def slots(self) -> dict[int, int]:
        """Slot of each attached port by its ifindex."""
        return dict(self.datapath.slots)

    def macs(self) -> dict[int, bytes]:
        """Own MAC of each attached port by its slot."""
        return {
            self.datapath.slots[ifindex]: port.record.mac for ifindex, port in self._ports.items()
        }

    def note_preflight(self) -> None:
        """Preflight has asked about all interfaces: those without a reason may forward."""
        self._asked = set(self._links)

    def follow(self, links: Mapping[int, Link], reasons: Collection[Reason]) -> list[int]:
        """Detaches what has gone, attaches what is new, rewrites what changed.

        Returns the slots of the newly attached ports.
        """
        self._links = links
        wanted = {i: link for i, link in links.items() if is_port(link, self.only)}
        for ifindex in list(self._ports):
            if ifindex not in wanted or not self.datapath.intact(ifindex):
                self.datapath.detach(ifindex)
                self._asked.discard(ifindex)
                del self._ports[ifindex]
        self._refused = {i: r for i, r in self._refused.items() if i in wanted}
        born = []
        for ifindex, link in wanted.items():
            if ifindex not in self._ports and self._attach(link):
                born.append(self.datapath.slots[ifindex])
            if ifindex in self._ports:
                self._update(link, reasons)
        return born

    def mode(self, ifindex: int) -> Mode:
        """What becomes of simple packets on the port."""
        port = self._ports.get(ifindex)
        if port is None:
            return Mode.DETACHED
        return Mode.FORWARD if port.record.flags & records.FORWARD else Mode.OBSERVE

    def _attach(self, link: Link) -> bool:
        """Attaches in observe mode; preflight's word comes after."""
        record = compile_record(link, forward=False, transmit=False)
        try:
            kind = self.datapath.attach(link.ifindex, link.name, record)
        except DatapathError as error:
            foreign = isinstance(error, ForeignProgramError)
            remedy = (
                "Detach it (ip link set dev NAME xdp off) if ebtop shall forward here."
                if foreign
                else "The kernel forwards on this port; look at its driver, MTU and queues."
            )
            name = "xdp-program" if foreign else "attach"
            self._refused[link.ifindex] = Reason(name, str(error), remedy, link.ifindex)
            return False
        self._refused.pop(link.ifindex, None)
        self._ports[link.ifindex] = _Port(link.name, kind, record)
        return True

    def _update(self, link: Link, reasons: Collection[Reason]) -> None:
        port = self._ports[link.ifindex]
        port.name = link.name
        port.reasons = self._reasons_of(link, port, reasons)
        transmit = all(reason.name != "transmit" for reason in port.reasons)
        record = compile_record(link, forward=not port.reasons, transmit=transmit)
        if record != port.record:
            self.datapath.write(link.ifindex, record)
            port.record = record

    def _reasons_of(
        self, link: Link, port: _Port, reasons: Collection[Reason]
    ) -> tuple[Reason, ...]:
        own = [reason for reason in reasons if reason.ifindex in (None, link.ifindex)]
        if link.ifindex not in self._asked:
            own.append(
                Reason(
                    "new",
                    f"{link.name} has just appeared; what keeps XDP from forwarding is not known.",
                    "Nothing to do; it is asked for every second.",
                    link.ifindex,
                )
            )
        if self.observe:
            own.append(Reason("asked", "Observe mode was asked for.", "Run ebtop without it."))
        if port.attach is AttachKind.GENERIC:
            own.append(
                Reason(
                    "generic",
                    f"The driver of {link.name} has no native XDP.",
                    "Nothing to do; the kernel forwards and ebtop counts.",
                    link.ifindex,
                )
            )
        return tuple(own)
