"""A path that the kernel learned for one host: XDP leaves that host to the kernel."""

import struct

from ebtop.lab.frames import Flow, build_ip, checksum
from ebtop.lab.namespace import open_sender
from ebtop.lab.numbered import send_numbered
from ebtop.lab.topology import Lab, Router
from ebtop.model.match import find_longest_match
from ebtop.model.prefix import Address, parse_address
from ebtop.model.route import RouteType
from ebtop.model.verdict import Verdict
from tests.netns.running_engine import count, forwarding, run_engine

TARGET = parse_address("198.18.0.9")


def learn_pmtu(router: Router, target: Address) -> None:
    """The next router says that 500 bytes are too much for an echo reply of ours to the target."""
    host = router.hosts[1]
    own = Flow(
        source_mac=host.mac,
        destination_mac=host.gateway_mac,
        source=host.gateway_ipv4,
        destination=target,
    )
    reply = build_ip(own, 1, struct.pack("!BBHHH", 0, 0, 0xFFFF, 1, 1) + bytes(8))[14:]
    message = struct.pack("!BBHHH", 3, 4, 0, 0, 500) + reply
    message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
    back = Flow(
        source_mac=host.mac,
        destination_mac=host.gateway_mac,
        source=host.ipv4,
        destination=host.gateway_ipv4,
    )
    with host.namespace.run(open_sender, host.interface) as sender:
        sender.send(build_ip(back, 1, message))


def test_host_with_a_learned_pmtu_is_punted(lab: Lab) -> None:
    router = lab.router(ports=2)
    router.add_routes("198.18.0.0/16 via 10.255.2.2")
    host = router.hosts[0]
    flows = [
        Flow(
            source_mac=host.mac,
            destination_mac=host.gateway_mac,
            source=parse_address("198.19.0.1"),
            destination=destination,
        )
        for destination in (TARGET, parse_address("198.18.0.10"))
    ]
    with run_engine(lab, router) as engine:
        engine.wait_until(forwarding)
        learn_pmtu(router, TARGET)
        assert "mtu lock" in router.namespace.read_ip("route", "get", str(TARGET))  # its first use
        learned = engine.wait_until(
            lambda s: (
                int(s.routes["type"][find_longest_match(s.routes, TARGET)]) == RouteType.EXCEPTION
            )
        )
        send_numbered(host, flows, 200)
        after = engine.settled()
        router.namespace.ip("route del 198.18.0.0/16", "route add 198.18.0.0/16 via 10.255.2.2")
        engine.wait_until(
            lambda s: (
                int(s.routes["type"][find_longest_match(s.routes, TARGET)]) == RouteType.UNICAST
            )
        )

    for verdict in (Verdict.PUNT_EXCEPTION, Verdict.FORWARDED):
        assert count(after.ports, verdict) - count(learned.ports, verdict) == 100
