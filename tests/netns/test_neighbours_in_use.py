"""A neighbour that XDP sends to is kept fresh, though its packets pass the kernel by."""

import json

from ebtop.lab.frames import Flow
from ebtop.lab.numbered import send_numbered
from ebtop.lab.topology import Lab, Router
from ebtop.model.prefix import parse_address
from ebtop.model.verdict import Verdict
from tests.netns.running_engine import count, forwarding, run_engine

PERMANENT = "10.255.2.3"


def states(router: Router) -> dict[str, list[str]]:
    entries = json.loads(router.namespace.read_ip("-j", "neighbour", "show", "dev", "p2"))
    return {entry["dst"]: entry["state"] for entry in entries}


def test_stale_neighbours_with_traffic_become_reachable(lab: Lab) -> None:
    router = lab.router(ports=2)
    router.add_routes("198.18.0.0/16 via 10.255.2.2", f"198.18.9.0/24 via {PERMANENT}")
    mac = router.hosts[1].mac.hex(":")
    idle = "10.255.2.4"
    host = router.hosts[0]

    def flow(destination: str, source: str) -> Flow:
        return Flow(
            source_mac=host.mac,
            destination_mac=host.gateway_mac,
            source=parse_address(source),
            destination=parse_address(destination),
        )

    flows = [
        flow("198.18.0.1", "198.19.0.1"),  # by its gateway
        flow("fd00:0:0:2::2", "fd00:0:0:1::2"),  # the connected host itself
        flow("198.18.9.1", "198.19.0.1"),  # by the permanent entry
    ]
    with run_engine(lab, router) as engine:
        before = engine.wait_until(forwarding)
        router.namespace.ip(
            *(
                f"neighbour replace {address} lladdr {mac} dev p2 nud stale"
                for address in ("10.255.2.2", "fd00:0:0:2::2", idle)
            ),
            f"neighbour replace {PERMANENT} lladdr {mac} dev p2 nud permanent",
        )
        sent = 0
        while {tuple(states(router)[a]) for a in ("10.255.2.2", "fd00:0:0:2::2")} != {
            ("REACHABLE",)
        }:
            send_numbered(host, flows, 300, first=sent, rate_pps=1000)
            sent += 300
            assert sent < 30_000, states(router)
        after = engine.settled()

    assert count(after.ports, Verdict.FORWARDED) - count(before.ports, Verdict.FORWARDED) >= 300
    assert states(router)[PERMANENT] == ["PERMANENT"]
    assert states(router)[idle] == ["STALE"]
