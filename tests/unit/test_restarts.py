"""A lost engine comes back soon, one that is lost again later, and never against one's will."""

from ebtop.commands.restarts import LATER_S, SOON_S, Restarts


class Clock:
    """Seconds that are set by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_first_loss_is_mended_soon_and_the_next_one_later() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    assert not restarts.due

    restarts.lose()
    assert restarts.left_s == SOON_S
    assert not restarts.due
    clock.now_s += SOON_S
    assert restarts.due
    restarts.hold()
    clock.now_s += 50
    restarts.lose()
    assert restarts.left_s == LATER_S
    clock.now_s += 61
    restarts.lose()
    assert restarts.left_s == SOON_S


def test_operator_decides() -> None:
    clock = Clock()
    restarts = Restarts(clock)
    restarts.lose()

    restarts.hold()
    assert restarts.left_s is None
    assert not restarts.due
    restarts.start()
    assert restarts.due
