"""Short text: widths that never overflow, and words that never claim too much."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ebtop.model.format import (
    COUNT_WIDTH,
    DURATION_WIDTH,
    LATENCY_WIDTH,
    MISSING,
    SHARE_WIDTH,
    clip,
    clip_prefix,
    format_bar,
    format_count,
    format_duration_s,
    format_latency_ns,
    format_share,
    format_untrusted,
    split_cells,
)

AMOUNTS = st.floats(min_value=0, max_value=1e22) | st.sampled_from([math.nan, math.inf])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (math.nan, MISSING),
        (0, "0"),
        (0.01, "<0.1"),
        (0.44, "0.4"),
        (7, "7"),
        (9.97, "10"),
        (42.4, "42"),
        (999.4, "999"),
        (999.5, "1.00k"),
        (1234, "1.23k"),
        (9996, "10.0k"),
        (99_960, "100k"),
        (999_600, "1.00M"),
        (12_345_678, "12.3M"),
        (18_446_744_073_709_551_615, "18.4E"),
        (math.inf, ">999E"),
    ],
)
def test_count(value: float, expected: str) -> None:
    assert format_count(value) == expected


@pytest.mark.parametrize(
    ("value_ns", "expected"),
    [
        (math.nan, MISSING),
        (0, "0ns"),
        (850, "850ns"),
        (999.6, "1.0µs"),
        (1520, "1.5µs"),
        (15_300, "15µs"),
        (153_000, "153µs"),
        (9_970_000, "10ms"),
        (2.5e9, "2.5s"),
        (1e15, ">999s"),
    ],
)
def test_latency(value_ns: float, expected: str) -> None:
    assert format_latency_ns(value_ns) == expected


@pytest.mark.parametrize(
    ("value_s", "expected"),
    [
        (math.nan, MISSING),
        (-1, "0.0s"),
        (2.44, "2.4s"),
        (9.97, "10s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (3599.6, "1h00m"),
        (7380, "2h03m"),
        (4 * 86400 + 7 * 3600, "4d07h"),
        (123 * 86400, "123d"),
        (math.inf, "∞"),
    ],
)
def test_duration(value_s: float, expected: str) -> None:
    assert format_duration_s(value_s) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (1, 0, MISSING),
        (math.nan, 1, MISSING),
        (0, 5, "0%"),
        (1, 10**9, "<0.1%"),
        (1, 8, "12.5%"),
        (999_999, 1_000_000, ">99.9%"),
        (5, 5, "100%"),
        (6, 5, "100%"),
    ],
)
def test_share(part: float, whole: float, expected: str) -> None:
    assert format_share(part, whole) == expected


@given(AMOUNTS)
def test_amounts_fit_their_widths(value: float) -> None:
    assert len(format_count(value)) <= COUNT_WIDTH
    assert len(format_latency_ns(value)) <= LATENCY_WIDTH
    assert len(format_duration_s(value)) <= DURATION_WIDTH
    assert len(format_share(value, 1e9)) <= SHARE_WIDTH


@given(st.floats(min_value=1e-300, max_value=1))
def test_what_is_not_zero_is_not_shown_as_zero(value: float) -> None:
    assert format_count(value) != "0"
    assert format_share(value, 1) != "0%"
    assert format_bar(value, 4).strip()


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, "    "), (math.nan, "    "), (0.5, "██  "), (0.4, "█▋  "), (1e-9, "▏   "), (7, "████")],
)
def test_bar(share: float, expected: str) -> None:
    assert format_bar(share, 4) == expected


@given(
    st.lists(st.floats(min_value=0, max_value=1e9), min_size=1, max_size=5),
    st.integers(min_value=5, max_value=40),
)
def test_split_uses_every_cell_and_forgets_nobody(parts: list[float], width: int) -> None:
    cells = split_cells(parts, width)

    assert sum(cells) == (width if sum(parts) > 0 else 0)
    assert all((count > 0) or (part == 0) for count, part in zip(cells, parts, strict=True))


def test_split_is_in_proportion() -> None:
    assert split_cells([98, 1, 1], 10) == (8, 1, 1)
    assert split_cells([1, 0, 1], 10) == (5, 0, 5)


def test_clips() -> None:
    assert clip("blackhole", 6) == "black…"
    assert clip("eth0", 6) == "eth0"
    assert clip("eth0", 0) == ""
    assert clip_prefix("2001:db8:1234:5678::/64", 18) == "2001:db8:1234:…/64"
    assert clip_prefix("10.0.0.0/8", 18) == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("eth0", 8, "eth0"),
        ("[bold]x[/]", 12, "[bold]x[/]"),
        ("a\x1b[31mred", 20, "a[31mred"),
        ("ev\u202eil\u2066\u200b", 9, "evil"),
        ("nl\n\r\ttab\x9b", 9, "nltab"),
        ("e\u0301th\u0489", 9, "éth"),
        ("\x00\x07", 9, "?"),
        ("", 9, "?"),
        ("端口端口端口", 8, "端口端…"),
        ("enp129s0f1np1", 8, "enp129s…"),
        ("\ud800x", 8, "x"),
    ],
)
def test_untrusted(text: str, width: int, expected: str) -> None:
    assert format_untrusted(text, width) == expected


@given(st.text(), st.integers(min_value=2, max_value=30))
def test_untrusted_is_safe_and_fits(text: str, width: int) -> None:
    safe = format_untrusted(text, width)

    assert cell_len(safe) <= width
    assert not [char for char in safe if unicodedata.category(char)[0] == "C"]
    assert not [char for char in safe if unicodedata.bidirectional(char) in {"RLO", "LRO", "RLI"}]
