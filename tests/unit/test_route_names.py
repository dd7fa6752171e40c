"""Numbers of the kernel as words; those that are not known stay numbers."""

import pytest

from ebtop.model.route import format_owner, format_type


@pytest.mark.parametrize(
    ("number", "name"), [(1, "unicast"), (6, "blackhole"), (255, "exception"), (11, "type 11")]
)
def test_type(number: int, name: str) -> None:
    assert format_type(number) == name


@pytest.mark.parametrize(("number", "name"), [(2, "kernel"), (186, "bgp"), (250, "250")])
def test_owner(number: int, name: str) -> None:
    assert format_owner(number) == name
