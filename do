#!/bin/sh
# Every task of the project, for a fresh Debian or Ubuntu server: no make, compiler, kernel
# headers or python3 need be there. Set-up installs what is missing and leaves the rest alone.
set -eu

root=$(dirname "$(readlink -f "$0")")
venv=$root/.venv
stamp=$venv/set-up
python=/usr/bin/python3 # never another one on PATH: bcc is the distribution's, and made for it
log=
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_TARGET PIP_PREFIX
export PYTHONNOUSERSITE=1

run_packages='python3 python3-venv python3-bpfcc iproute2'
test_packages="$run_packages clang ethtool fonts-dejavu-core iptables nftables procps tmux"

help() {
	cat <<-'END'
		usage: ./do TASK [ARGUMENT...]

		  demo         show ebtop on a router in a lab of its own network namespaces
		  install      put `ebtop` on the PATH (/usr/local/bin/ebtop)
		  test         all tests, linters and typing among them; arguments go to pytest
		  lint         linters, typing and layers alone
		  format       lay the code out as the linters want it
		  bench        bytes a tick, key to echo on slow lines, start-up: beside stock painting
		  screenshots  make the pictures in screenshots/ from a recorded router
		  help         this text

		Each task first sets up what it needs: packages by apt-get, the rest in .venv.
		Exit codes: 0 done, 1 failed, 2 usage, 3 lacks a privilege, a package or Python.
	END
}

say() { printf '%s\n' "$*" >&2; }

fail() {
	code=$1
	shift
	say "ebtop: $*"
	exit "$code"
}

need_root() {
	[ "$(id -u)" = 0 ] || fail 3 "$1 needs root; run it as root or with sudo."
}

# --- set-up -------------------------------------------------------------------------------------

# set_up run|test: what the task needs is there when it returns.
set_up() {
	is_set_up "$1" && return
	# The lock is held on this file, and handed to no child that could outlive the set-up.
	exec 9<"$root/do"
	flock -n 9 || {
		say 'Another set-up is at work here; waiting for it.'
		flock 9
	}
	if ! is_set_up "$1"; then
		log=$(mktemp)
		trap 'rm -f "$log"' EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM HUP
		install_packages "$1"
		check_python
		make_environment "$1"
		rm -f "$log"
		trap - EXIT INT TERM HUP
	fi
	exec 9<&-
}

is_set_up() {
	[ -f "$stamp" ] && [ -z "$(missing_packages "$1")" ] || return
	read -r level key <"$stamp" || return
	[ "$key" = "$(wanted_key)" ] && { [ "$level" = test ] || [ "$level" = "$1" ]; } || return
	[ -x "$venv/bin/ebtop" ] && [ -f "$(echo "$venv"/lib/python3*/site-packages/bcc/__init__.py)" ]
}

# What the environment is made from: another Python or another place makes it anew.
wanted_base() { printf '%s %s' "$("$python" -c 'import sys; print(sys.version_info[:2])')" "$root"; }
wanted_key() { printf '%s|%s' "$(cat "$root/pyproject.toml" "$root/do" | cksum)" "$(wanted_base)"; }

missing_packages() {
	command -v dpkg-query >/dev/null || return 0
	packages=$run_packages
	[ "$1" = run ] || packages=$test_packages
	for package in $packages; do
		printf '%s\n' "$package"
	done | grep -vxF "$(
		# shellcheck disable=SC2086  # the names are words
		dpkg-query -W -f '${Package} ${db:Status-Status}\n' $packages 2>/dev/null |
			sed -n 's/ installed$//p'
	)" || true
}

install_packages() {
	if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
		check_foreign_system "$1"
		return
	fi
	missing=$(missing_packages "$1" | tr '\n' ' ')
	[ -n "$missing" ] || return 0
	need_root "installing ${missing% }"
	say "Installing packages: ${missing% }"
	export DEBIAN_FRONTEND=noninteractive
	# A foreign source that cannot be read is no reason to stop: the install tells.
	run_logged apt-get -q update || say 'apt-get update had errors; going on with the lists it has.'
	# shellcheck disable=SC2086  # the names are words
	run_logged apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends $missing || {
		show_log
		fail 1 "apt-get could not install ${missing% } (see above); set that right, then run this again."
	}
}

# Without apt-get nothing is installed, but what is there already will do.
check_foreign_system() {
	packages=$run_packages
	[ "$1" = run ] || packages=$test_packages
	[ -n "$(find_bcc)" ] && command -v ip >/dev/null && "$python" -c 'import venv' 2>/dev/null ||
		fail 3 "this is neither Debian nor Ubuntu (no apt-get); install what they call $packages, then run this again."
}

check_python() {
	"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
		fail 3 "$python is $("$python" -V 2>&1), but ebtop needs Python 3.11 or later: Debian 12, Ubuntu 24.04 and newer have it."
}

make_environment() {
	level=$1
	old_level=
	old_key=
	[ ! -f "$stamp" ] || read -r old_level old_key <"$stamp" || true
	[ "$old_level" != test ] || level=test
	# From here on the environment counts as half-made, until the stamp is back.
	rm -f "$stamp" 2>/dev/null && mkdir -p "$venv" 2>/dev/null && [ -w "$venv" ] ||
		fail 3 "$venv cannot be written; run this as its owner or as root."
	if [ "${old_key#*|}" != "$(wanted_base)" ] || ! run_logged "$venv/bin/python" -m pip --version; then
		say "Making $venv"
		rm -rf "$venv"
		run_logged "$python" -m venv "$venv" || {
			show_log
			fail 1 "$python could not make $venv (see above); set that right, then run this again."
		}
	fi
	say 'Installing the Python packages that ebtop needs'
	project=$root
	[ "$level" = run ] || project="$root[test]"
	PIP_USER=0 run_logged "$venv/bin/python" -m pip --disable-pip-version-check install -q -e "$project" || {
		show_log
		fail 1 'pip could not install the Python packages (see above); is the package index reachable? Then run this again.'
	}
	link_bcc
	printf '%s %s\n' "$level" "$(wanted_key)" >"$stamp.new"
	mv "$stamp.new" "$stamp"
}

# Where the distribution keeps bcc; nothing when it has none.
find_bcc() {
	"$python" -I -c 'import importlib.util as u; s = u.find_spec("bcc"); print(s.submodule_search_locations[0] if s else "")' 2>/dev/null || true
}

# The one package of the distribution that the environment sees: it exists nowhere else.
link_bcc() {
	bcc=$(find_bcc)
	[ -n "$bcc" ] || fail 1 "$python finds no bcc although python3-bpfcc is installed; reinstall that package."
	packages=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
	rm -rf "$packages/bcc"
	ln -s "$bcc" "$packages/bcc"
	run_logged "$venv/bin/python" -c 'from bcc import BPF' || {
		show_log
		fail 1 'bcc of the distribution cannot be imported (see above); reinstall python3-bpfcc and libbpfcc.'
	}
}

run_logged() { "$@" >"$log" 2>&1 </dev/null 9<&-; }
show_log() { tail -n 25 "$log" >&2; }

# --- tasks --------------------------------------------------------------------------------------

demo() {
	need_root 'the demo'
	set_up run
	exec "$venv/bin/ebtop" demo "$@"
}

install() {
	need_root 'installing'
	set_up run
	target=/usr/local/bin/ebtop
	if [ -e "$target" ] && [ ! -L "$target" ]; then
		fail 1 "$target is there and is not ours; move it away, then run this again."
	fi
	ln -sfn "$venv/bin/ebtop" "$target"
	say "$target now runs $venv/bin/ebtop; it needs this folder to stay where it is."
}

run_tests() {
	set_up test
	cd "$root"
	exec "$venv/bin/python" -m pytest "$@"
}

lint() {
	set_up test
	cd "$root"
	PATH=$venv/bin:$PATH
	status=0
	ruff check || status=1
	ruff format --check || status=1
	mypy || status=1
	lint-imports || status=1
	return "$status"
}

format() {
	set_up test
	cd "$root"
	"$venv/bin/ruff" format
	"$venv/bin/ruff" check --fix
}

bench() {
	need_root 'the bench'
	set_up test
	cd "$root"
	exec "$venv/bin/python" -m tests.bench.screen "$@"
}

screenshots() {
	set_up test
	cd "$root"
	"$venv/bin/python" -m tests.tui.pictures screenshots
}

task=${1:-help}
[ $# = 0 ] || shift
case $task in
demo | install | lint | format | bench | screenshots) "$task" "$@" ;;
test) run_tests "$@" ;;
help | -h | --help) help ;;
*)
	help >&2
	fail 2 "there is no task \"$task\"."
	;;
esac
