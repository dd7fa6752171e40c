"""The command line: parses, dispatches, and turns errors into one sentence and an exit code."""

import argparse
import os
import sys

from ebtop import __version__
from ebtop.commands.exits import CommandError, Exit

_EPILOG = """\
exit codes: 0 done, 1 failed, 2 usage, 3 lacks a privilege, a package or a kernel feature,
4 conflict (another engine owns the namespace), 5 rolled back
"""


def main(arguments: list[str] | None = None) -> int:
    """Entry point of `ebtop`."""
    options = _parser().parse_args(arguments)
    try:
        return int(_dispatch(options))
    except CommandError as error:
        print(f"ebtop: {error}", file=sys.stderr)  # noqa: T201
        return int(error.code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.FAILED)
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ebtop",
        description="An XDP router that an operator can watch and edit live.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ebtop {__version__}")
    _add_engine_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    run = commands.add_parser("run", help="the engine with no screen")
    _add_engine_options(run)
    run.add_argument("--transient", action="store_true", help=argparse.SUPPRESS)
    routes = commands.add_parser("routes", help="the routes with live counters")
    routes.add_argument("match", nargs="?", metavar="PREFIX|ADDRESS")
    routes.add_argument("--json", action="store_true", help="one JSON object")
    doctor = commands.add_parser("doctor", help="mode, reason and remedy of each port")
    doctor.add_argument("--json", action="store_true", help="one JSON object")
    demo = commands.add_parser("demo", help="a router with hosts and traffic, in namespaces")
    demo.add_argument("--headless", action="store_true", help="no screen, a report at the end")
    demo.add_argument("--for", dest="seconds", type=float, metavar="SECONDS")
    demo.add_argument("--json", action="store_true", help="the report as one JSON object")
    return parser


def _add_engine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        action="append",
        default=[],
        metavar="NAME",
        help="an engine that is started here takes only this interface (repeatable)",
    )
    parser.add_argument(
        "--observe", action="store_true", help="an engine that is started here forwards nothing"
    )


def _dispatch(options: argparse.Namespace) -> int:
    """Imports only what the command needs: a start-up is part of the screen."""
    match options.command:
        case "run":
            from ebtop.commands.run import run  # noqa: PLC0415  see above

            return run(ports=options.port, observe=options.observe, transient=options.transient)
        case "routes":
            from ebtop.commands.routes import routes  # noqa: PLC0415  see above

            return routes(options.match, as_json=options.json)
        case "doctor":
            from ebtop.commands.doctor import doctor  # noqa: PLC0415  see above

            return doctor(as_json=options.json)
        case "demo":
            from ebtop.commands.demo import demo  # noqa: PLC0415  see above

            return demo(headless=options.headless, seconds=options.seconds, as_json=options.json)
        case _:
            from ebtop.commands.watch import watch  # noqa: PLC0415  see above

            return watch(ports=options.port, observe=options.observe)


if __name__ == "__main__":
    sys.exit(main())
