"""How a cell looks, and the shortest escape sequence from one look to another."""

from dataclasses import dataclass
from functools import lru_cache

# ECMA-48 8.3.117: what turns an attribute off; one code may turn several off.
_OFF = {
    "1": "22",
    "2": "22",
    "3": "23",
    "4": "24",
    "21": "24",
    "5": "25",
    "6": "25",
    "7": "27",
    "8": "28",
    "9": "29",
    "51": "54",
    "52": "54",
    "53": "55",
}
_EXTENDED = {"38": "foreground", "48": "background"}
_COLOUR_CODES = {"2": 5, "5": 3}  # 38;2;r;g;b and 38;5;n
_END_OF_LINK = "\x1b]8;;\x1b\\"


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Attributes and colours as codes of SGR; "" is the terminal's own colour."""

    attributes: frozenset[str] = frozenset()
    foreground: str = ""
    background: str = ""
    link: str = ""  # what opens the hyperlink (OSC 8)

    @property
    def codes(self) -> list[str]:
        """What makes this look from the plain one."""
        colours = [code for code in (self.foreground, self.background) if code]
        return sorted(self.attributes) + colours


PLAIN = Look()


@lru_cache(maxsize=8192)
def parse_look(codes: str, link: str = "") -> Look:
    """The look of "1;38;5;9;49", as a sequence that starts from the plain one.

    The same arguments give the same object: looks are told apart by identity.
    """
    attributes: set[str] = set()
    colours = {"foreground": "", "background": ""}
    rest = [code for code in codes.split(";") if code]
    while rest:
        code = rest[0]
        taken = 1
        if code in _EXTENDED:
            taken = _COLOUR_CODES.get(rest[1] if len(rest) > 1 else "", 1)
            colours[_EXTENDED[code]] = ";".join(rest[:taken])
        elif code in _OFF:
            attributes.add(code)
        else:
            _set_colour(colours, code)
        del rest[:taken]
    if not attributes and not any(colours.values()) and not link:
        return PLAIN
    return Look(frozenset(attributes), colours["foreground"], colours["background"], link)


def _set_colour(colours: dict[str, str], code: str) -> None:
    """One of the sixteen colours, or the terminal's own; other codes say nothing."""
    number = int(code) if code.isdecimal() else 0
    if 30 <= number <= 39 or 90 <= number <= 97:
        colours["foreground"] = "" if number == 39 else code
    elif 40 <= number <= 49 or 100 <= number <= 107:
        colours["background"] = "" if number == 49 else code


@lru_cache(maxsize=16384)
def format_change(old: Look, new: Look) -> str:
    """The shortest escape sequence after which cells look new; "" where they do already."""
    link = "" if old.link == new.link else new.link or _END_OF_LINK
    if new.codes == old.codes:
        return link
    if not new.codes:
        return f"{link}\x1b[m"
    anew = ";".join(["0", *new.codes])
    changed = ";".join(_changed_codes(old, new))
    return f"{link}\x1b[{min(changed, anew, key=len)}m"


def _changed_codes(old: Look, new: Look) -> list[str]:
    off = {_OFF[code] for code in old.attributes - new.attributes}
    on = {code for code in new.attributes if code not in old.attributes or _OFF[code] in off}
    codes = sorted(off) + sorted(on)
    if new.foreground != old.foreground:
        codes.append(new.foreground or "39")
    if new.background != old.background:
        codes.append(new.background or "49")
    return codes
