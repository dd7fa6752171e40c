"""While packets flow, each change moves them: to the new way, in XDP, and never to a third."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise

import pytest

from tests.netns.changing_router import NOWHERE, ChangingRouter, Done, changing_router
from tests.netns.convergence_scenarios import SCENARIOS, Scenario

MOST_S = 4.0
"""A generous bound for the time from a change to the last packet the old way."""

EARLY_NS = 50_000_000
"""Packets sent so long before a change have arrived before it."""

AT_A_TIME = 3


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[ChangingRouter]]]:
    """All wanted scenarios, a few at a time: most of the time they wait for the engine's tick."""
    wanted: list[Scenario] = [
        item.callspec.params["scenario"]  # type: ignore[misc]  # parametrised with nothing else
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    ]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield {scenario.name: pool.submit(run, scenario) for scenario in wanted}
        pool.shutdown(cancel_futures=True)


def run(scenario: Scenario) -> ChangingRouter:
    """What happened in a scenario."""
    with changing_router(scenario.lines, scenario.destinations, scenario.sysctls) as router:
        for one in scenario.steps:
            router.follow(one)
    router.read_arrivals()
    return router


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_packets_follow_the_change(
    runs: dict[str, Future[ChangingRouter]], scenario: Scenario
) -> None:
    router = runs[scenario.name].result()

    assert not router.wrong
    assert not [(done.step.name, done.unseen) for done in router.done if done.unseen]
    ends_ns = [done.begun_ns - EARLY_NS for done in router.done[1:]]
    for done, end_ns in zip(router.done, [*ends_ns, router.traffic.sent_ns[-1] + 1], strict=True):
        check_settled(router, done, end_ns)
    for before, done in pairwise(router.done):
        print(f"{scenario.name}, {describe(router, before, done)}")  # noqa: T201  a measurement


def check_settled(router: ChangingRouter, done: Done, end_ns: int) -> None:
    """From then on each packet arrives, a flow at one place, and all places are used."""
    numbers = router.traffic.sent_between(done.settled_ns, end_ns)
    astray = [number for number in numbers if not router.arrived_right(number, done.step)]
    assert numbers
    assert not astray, f"{done.step.name}: {len(astray)} of {len(numbers)} packets"
    places = router.places_by_flow(numbers)
    assert all(len(used) == 1 for used in places.values())
    used = {place for found in places.values() for place in found}
    assert used == done.step.ipv4 | done.step.ipv6


def describe(router: ChangingRouter, before: Done, done: Done) -> str:
    """Meanwhile a packet goes the old way, the new way, or is lost; and for how long."""
    numbers = router.traffic.sent_between(done.begun_ns - EARLY_NS, done.settled_ns)
    arrived = [number for number in numbers if number in router.arrived]
    third = [n for n in arrived if not router.arrived_right(n, before.step, done.step)]
    assert not third, f"{done.step.name}: {[router.arrived[number] for number in third[:5]]}"
    new = [n for n in arrived if not router.arrived_right(n, before.step)][:1]
    old = [n for n in arrived if not router.arrived_right(n, done.step)][-1:]
    words = [f"{done.step.name}: command {(done.applied_ns - done.begun_ns) / 1e6:.0f} ms"]
    for name, found in (("first new", new), ("last old", old)):
        for number in found:
            after_s = (router.traffic.sent_ns[number] - done.begun_ns) / 1e9
            words.append(f"{name} {after_s * 1e3:.0f} ms")
            assert after_s < MOST_S, words
    if NOWHERE not in {before.step.ipv4, done.step.ipv4}:
        words.append(f"{len(numbers) - len(arrived)} lost")
    return ", ".join(words)
