"""`ebtop doctor`: what each port may do, why not more, and what to do about it."""

from typing import Any

from ebtop.commands.connect import as_command_error
from ebtop.commands.exits import CommandError, Exit
from ebtop.commands.text import format_printable, print_json, print_table
from ebtop.engine.client import Client
from ebtop.engine.connection import NoEngineError
from ebtop.model.errors import EngineGone
from ebtop.model.port import Mode, PortStatus, Reason

_WAIT_S = 10.0


def doctor(*, as_json: bool) -> int:
    """Prints the ports of the running engine, or what an engine would find here."""
    findings = _examine()
    if as_json:
        print_json(findings)
    else:
        _print(findings)
    return Exit.LACKING if findings["missing"] else Exit.DONE


def _examine() -> dict[str, Any]:
    try:
        client = Client()
    except NoEngineError:
        missing, ports = _examine_here()
        return {"engine": None, "missing": list(missing), "notices": [], "ports": ports}
    except EngineGone as error:
        raise as_command_error(error) from error
    try:
        snapshot = client.wait(_WAIT_S)
    except EngineGone as error:
        raise CommandError(str(error)) from error
    finally:
        client.close()
    return {
        "engine": snapshot.owner,
        "missing": [],
        "notices": list(snapshot.notices),
        "ports": [_describe(port) for port in snapshot.ports],
    }


def _examine_here() -> tuple[tuple[str, ...], list[dict[str, Any]]]:
    """Without an engine: asks the kernel the same questions, and attaches nothing."""
    from ebtop.engine.ports import is_port  # noqa: PLC0415  not needed beside an engine
    from ebtop.kernel.links import read_interfaces  # noqa: PLC0415  the same
    from ebtop.kernel.preflight import read_reasons  # noqa: PLC0415  the same
    from ebtop.kernel.requirements import read_missing  # noqa: PLC0415  the same

    links = read_interfaces().links
    reasons = read_reasons(links)
    ports = []
    for link in links.values():
        if is_port(link, ()):
            own = [reason for reason in reasons if reason.ifindex in (None, link.ifindex)]
            mode = Mode.OBSERVE if own else Mode.FORWARD
            ports.append({"name": link.name, "mode": mode, "reasons": _reasons(own)})
    return read_missing(), ports


def _describe(port: PortStatus) -> dict[str, Any]:
    return {
        "name": port.name,
        "mode": port.mode,
        "attach": port.attach,
        "received": port.received,
        "reasons": _reasons(port.reasons),
    }


def _reasons(reasons: tuple[Reason, ...] | list[Reason]) -> list[dict[str, str]]:
    return [
        {"reason": reason.name, "text": reason.text, "remedy": reason.remedy} for reason in reasons
    ]


def _print(findings: dict[str, Any]) -> None:
    engine = findings["engine"]
    said = f"Engine: {engine}" if engine else "No engine runs here; modes as it would find them."
    ports = findings["ports"]
    for sentence in (*findings["missing"], said, *findings["notices"]):
        print(format_printable(sentence))  # noqa: T201  what the command is for
    shared = [
        reason
        for reason in (ports[0]["reasons"] if ports else [])
        if len(ports) > 1 and all(reason in port["reasons"] for port in ports)
    ]
    print_table(("port", "mode"), [(port["name"], str(port["mode"])) for port in ports])
    if shared:
        _print_reasons("every port", shared)
    for port in ports:
        own = [reason for reason in port["reasons"] if reason not in shared]
        if own:
            _print_reasons(port["name"], own)


def _print_reasons(subject: str, reasons: list[dict[str, str]]) -> None:
    """A line for what it is and one for what to do, each short enough for a terminal to wrap."""
    print(f"\n{format_printable(subject)}:")  # noqa: T201  what the command is for
    for reason in reasons:
        print(f"  {reason['reason']}: {format_printable(reason['text'])}")  # noqa: T201  the same
        print(f"    do: {format_printable(reason['remedy'])}")  # noqa: T201  the same
