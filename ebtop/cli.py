"""The command line: parses, dispatches, and turns errors into one sentence and an exit code."""

import argparse
import io
import math
import os
import sys

from ebtop import __version__
from ebtop.commands.exits import CommandError, Exit
from ebtop.commands.text import format_printable

_EPILOG = """\
exit codes: 0 done, 1 failed, 2 usage, 3 lacks a privilege, a package or a kernel feature,
4 conflict (another engine owns the namespace), 5 rolled back
"""

_AFTER = "after_"  # of the options that may stand before a command and after it
_ENGINES = {None, "run"}  # commands that start an engine
_SCREENS = {None, "demo"}  # commands that open a screen


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `ebtop`."""
    # numpy's linear algebra, which nothing here uses, would start a thread for each CPU.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    _tolerate_encodings()
    try:
        try:
            return int(_dispatch(_parse(arguments)))
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except CommandError as error:
        _narrate(format_printable(str(error)))
        return int(error.code)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            _narrate(f"{error.strerror or error}.")
        _give_up_output()
        return int(Exit.FAILED)
    except KeyboardInterrupt:
        return 130


def _narrate(sentence: str) -> None:
    print(f"ebtop: {sentence}", file=sys.stderr)  # noqa: T201  what standard error is for


def _tolerate_encodings() -> None:
    """A character that the terminal's encoding lacks is shown as "?" and stops nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _give_up_output() -> None:
    """Nobody takes what is still buffered; the interpreter would complain at its end."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    """The options; what makes no sense together is a usage error."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _join(options)
    engine, screen = options.command in _ENGINES, options.command in _SCREENS
    if not engine and (options.port or options.observe):
        parser.error(f"--port and --observe are for an engine; {options.command} starts none")
    if not (engine or screen) and options.read_only:
        parser.error(f"--read-only is for what can edit; {options.command} cannot")
    if not screen and (options.no_mouse or options.ascii):
        parser.error(f"--no-mouse and --ascii are for a screen; {options.command} opens none")
    if options.command == "demo" and options.json and not options.headless:
        parser.error("demo --json needs --headless")
    return options


def _join(options: argparse.Namespace) -> None:
    """Adds what stands after a command to what stands before it."""
    for name, value in list(vars(options).items()):
        if name.startswith(_AFTER):
            before = getattr(options, name.removeprefix(_AFTER))
            both = before + value if isinstance(value, list) else before or value
            setattr(options, name.removeprefix(_AFTER), both)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ebtop",
        description="An XDP router that an operator can watch and edit live.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ebtop {__version__}")
    _add_engine_options(parser)
    _add_read_only(parser)
    _add_screen_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser("run", help="the engine with no screen")
    _add_engine_options(run, _AFTER)
    _add_read_only(run, _AFTER)
    run.add_argument("--transient", action="store_true", help=argparse.SUPPRESS)
    routes = commands.add_parser("routes", help="the routes with live counters")
    routes.add_argument("match", nargs="?", metavar="PREFIX|ADDRESS")
    routes.add_argument("--json", action="store_true", help="one JSON object")
    doctor = commands.add_parser("doctor", help="mode, reason and remedy of each port")
    doctor.add_argument("--json", action="store_true", help="one JSON object")
    demo = commands.add_parser("demo", help="a router with hosts and traffic, in namespaces")
    demo.add_argument("--headless", action="store_true", help="no screen, a report at the end")
    demo.add_argument("--for", dest="seconds", type=_seconds, metavar="SECONDS")
    demo.add_argument("--json", action="store_true", help="the report as one JSON object")
    _add_read_only(demo, _AFTER)
    _add_screen_options(demo, _AFTER)
    return parser


def _add_engine_options(parser: argparse.ArgumentParser, prefix: str = "") -> None:
    parser.add_argument(
        "--port",
        dest=f"{prefix}port",
        action="append",
        default=[],
        metavar="NAME",
        help="an engine that is started here takes only this interface (repeatable)",
    )
    _add_switch(parser, prefix, "observe", "an engine that is started here forwards nothing")


def _add_read_only(parser: argparse.ArgumentParser, prefix: str = "") -> None:
    _add_switch(parser, prefix, "read-only", "no route is edited from here")


def _add_screen_options(parser: argparse.ArgumentParser, prefix: str = "") -> None:
    _add_switch(parser, prefix, "no-mouse", "the screen leaves the mouse to the terminal")
    _add_switch(parser, prefix, "ascii", "the screen draws with ASCII characters alone")


def _add_switch(parser: argparse.ArgumentParser, prefix: str, name: str, text: str) -> None:
    dest = prefix + name.replace("-", "_")
    parser.add_argument(f"--{name}", dest=dest, action="store_true", help=text)


def _seconds(text: str) -> float:
    """A time span that can be waited for."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above zero")
    return seconds


def _dispatch(options: argparse.Namespace) -> int:
    """Imports only what the command needs: a start-up is part of the screen."""
    match options.command:
        case "run":
            from ebtop.commands.run import run  # noqa: PLC0415  see above

            return run(
                ports=options.port,
                observe=options.observe,
                read_only=options.read_only,
                transient=options.transient,
            )
        case "routes":
            from ebtop.commands.routes import routes  # noqa: PLC0415  see above

            return routes(options.match, as_json=options.json)
        case "doctor":
            from ebtop.commands.doctor import doctor  # noqa: PLC0415  see above

            return doctor(as_json=options.json)
        case "demo":
            from ebtop.commands.demo import demo  # noqa: PLC0415  see above

            return demo(
                headless=options.headless,
                seconds=options.seconds,
                as_json=options.json,
                screen_options=_screen_options(options),
            )
        case _:
            from ebtop.commands.watch import watch  # noqa: PLC0415  see above

            return watch(
                ports=options.port,
                observe=options.observe,
                read_only=options.read_only,
                mouse=not options.no_mouse,
                ascii_only=options.ascii,
            )


def _screen_options(options: argparse.Namespace) -> list[str]:
    """Those that another `ebtop` has to be given too."""
    chosen = {
        "--read-only": options.read_only,
        "--no-mouse": options.no_mouse,
        "--ascii": options.ascii,
    }
    return [name for name, is_chosen in chosen.items() if is_chosen]


if __name__ == "__main__":
    sys.exit(main())
