"""Labs: a router in the middle, a host behind each of its ports, and the processes in them."""

import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import ebtop
from ebtop.kernel.driver_statistics import read_received_packets
from ebtop.lab.lifetime import LAB_VARIABLE, kill_marked, new_prefix, reap
from ebtop.lab.namespace import Namespace
from ebtop.lab.offload import GRO, TX_CHECKSUM, TX_VLAN, apply_offloads
from ebtop.model.prefix import Address, parse_address

HOST_INTERFACE = "eth0"
MAXIMUM_PORTS = 64
_TERMINATE_TIMEOUT_S = 2.0

# Both have to be zero for an address to be usable at once; nothing is sent that nobody asked for.
_QUIET_SYSCTLS = {
    f"net/ipv6/conf/{scope}/{setting}": 0
    for scope in ("all", "default")
    for setting in ("accept_dad", "dad_transmits", "accept_ra", "router_solicitations")
}
_ROUTER_SYSCTLS = _QUIET_SYSCTLS | {
    "net/ipv4/ip_forward": 1,
    "net/ipv6/conf/all/forwarding": 1,
    "net/ipv4/conf/all/rp_filter": 0,
    "net/ipv4/conf/default/rp_filter": 0,
}
_HOST_SYSCTLS = _QUIET_SYSCTLS | {
    "net/ipv4/conf/all/rp_filter": 0,
    "net/ipv4/conf/default/rp_filter": 0,
}


@dataclass(frozen=True, slots=True)
class Host:
    """A host behind one port: its namespace, its own interface, and the router's end of it."""

    namespace: Namespace
    mac: bytes
    ipv4: Address
    ipv6: Address
    gateway_mac: bytes
    gateway_ipv4: Address
    gateway_ipv6: Address
    interface: str = HOST_INTERFACE

    def accept(self, *prefixes: str) -> None:
        """Makes all addresses of the prefixes its own. What is for no address of its is dropped."""
        self.namespace.ip(*(f"route add local {prefix} dev lo" for prefix in prefixes))


@dataclass(frozen=True, slots=True)
class RouterPort:
    """A port of the router, and the host behind it."""

    name: str
    mac: bytes
    ipv4: Address
    ipv6: Address
    host: Host


@dataclass(frozen=True, slots=True)
class Router:
    """A router that forwards, with connected routes and its hosts' neighbour entries."""

    namespace: Namespace
    ports: tuple[RouterPort, ...]

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts in the order of the ports."""
        return tuple(port.host for port in self.ports)

    def add_routes(self, *routes: str) -> None:
        """Adds routes as `ip route add` takes them; both families may be mixed."""
        self.namespace.ip(*(f"route add {route}" for route in routes))

    def read_received(self, port: str) -> int:
        """Frames that a port's driver received; see kernel.driver_statistics."""
        return self.namespace.run(read_received_packets, port)


def port_mac(number: int) -> bytes:
    """MAC of the router's port p<number>, the same in every lab."""
    return bytes((0x02, 0xEB, 0x00, 0x00, 0x00, number))


def host_mac(number: int) -> bytes:
    """MAC of the host behind port p<number>."""
    return bytes((0x02, 0xEB, 0x00, 0x00, 0x01, number))


def port_addresses(number: int) -> tuple[Address, Address]:
    """IPv4 and IPv6 address of port p<number>: 10.255.N.1/24 and fd00:0:0:N::1/64."""
    return parse_address(f"10.255.{number}.1"), parse_address(f"fd00:0:0:{number:x}::1")


def host_addresses(number: int) -> tuple[Address, Address]:
    """IPv4 and IPv6 address of the host behind port p<number>, which is the gateway there."""
    return parse_address(f"10.255.{number}.2"), parse_address(f"fd00:0:0:{number:x}::2")


class Lab:
    """Namespaces and processes that live as long as the `with` block, however it ends."""

    def __init__(self) -> None:
        self.prefix = new_prefix()
        self._namespaces = ExitStack()
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        reap()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the processes and removes the namespaces; may be called again."""
        with self._namespaces:
            try:
                _end(self._processes)
            finally:
                kill_marked(self.prefix)

    def namespace(self, role: str) -> Namespace:
        """A new namespace with lo up."""
        namespace = Namespace(f"{self.prefix}-{role}")
        self._namespaces.callback(namespace.delete)
        namespace.create()
        namespace.ip("link set lo up")
        return namespace

    def router(self, name: str = "r1", *, ports: int = 4, host_prefix: str = "h") -> Router:
        """A router with ports p1.., and a host behind each: h1...

        Routers of one lab are apart, and alike down to the MACs: twins for a comparison.
        """
        if not 1 <= ports <= MAXIMUM_PORTS:
            raise ValueError(f"A lab router has 1 to {MAXIMUM_PORTS} ports, not {ports}.")
        namespace = self.namespace(name)
        namespace.apply_sysctls(_ROUTER_SYSCTLS)
        numbers = range(1, ports + 1)
        return Router(
            namespace,
            tuple(_connect(namespace, self.namespace(f"{host_prefix}{n}"), n) for n in numbers),
        )

    def spawn(
        self,
        command: Sequence[str],
        namespace: Namespace,
        *,
        output: int = subprocess.DEVNULL,
        errors: int = subprocess.DEVNULL,
    ) -> subprocess.Popen[bytes]:
        """Starts a process in a namespace; it is ended with the lab.

        It finds this ebtop if it is Python. Its parent thread lives as long as the lab, so that
        it may ask for a signal at its parent's death.
        """
        paths = [str(Path(ebtop.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {
            LAB_VARIABLE: self.prefix,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

        process = namespace.run(start)
        self._processes.append(process)
        return process


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Asks all to end, and kills what does not within the time."""
    for process in processes:
        process.terminate()
    deadline_s = time.monotonic() + _TERMINATE_TIMEOUT_S
    for process in processes:
        try:
            process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _connect(router: Namespace, host: Namespace, number: int) -> RouterPort:
    """A veth between the two, p<number> and eth0, with all that makes it usable at once."""
    name = f"p{number}"
    mac, peer_mac = port_mac(number), host_mac(number)
    ipv4, ipv6 = port_addresses(number)
    peer_ipv4, peer_ipv6 = host_addresses(number)
    host.apply_sysctls(_HOST_SYSCTLS)
    router.ip(
        f"link add {name} address {mac.hex(':')} type veth"
        f" peer name {HOST_INTERFACE} address {peer_mac.hex(':')} netns {host.name}"
    )
    router.run(apply_offloads, name, {GRO: True, TX_VLAN: False})
    host.run(apply_offloads, HOST_INTERFACE, {GRO: True, TX_VLAN: False, TX_CHECKSUM: False})
    router.ip(*_interface_lines(name, (ipv4, ipv6)))
    host.ip(
        *_interface_lines(HOST_INTERFACE, (peer_ipv4, peer_ipv6)),
        *_neighbour_lines(HOST_INTERFACE, (ipv4, ipv6), mac),
        f"route add default via {ipv4}",
        f"route add default via {ipv6}",
    )
    router.ip(*_neighbour_lines(name, (peer_ipv4, peer_ipv6), peer_mac))
    return RouterPort(
        name, mac, ipv4, ipv6, Host(host, peer_mac, peer_ipv4, peer_ipv6, mac, ipv4, ipv6)
    )


def _interface_lines(name: str, addresses: tuple[Address, Address]) -> list[str]:
    ipv4, ipv6 = addresses
    return [
        f"link set {name} up",
        f"address add {ipv4}/24 dev {name}",
        f"address add {ipv6}/64 dev {name}",
    ]


def _neighbour_lines(name: str, addresses: tuple[Address, Address], mac: bytes) -> list[str]:
    """Entries as if just resolved: nobody has to wait, and they age like any other."""
    return [
        f"neighbour replace {address} lladdr {mac.hex(':')} dev {name} nud reachable"
        for address in addresses
    ]
