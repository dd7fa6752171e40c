"""What the tests in namespaces share."""

from collections.abc import Iterator

import pytest

from ebtop.lab.topology import Lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    """Namespaces and processes that go with the test."""
    with Lab() as lab:
        yield lab
