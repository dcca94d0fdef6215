# shellcheck shell=bash
# Bottles for tests of the monitor: sourced. The test runs itself again in network, mount and pid
# namespaces of its own, which stand in for the host: what a failed test leaves ends with them.
#
#	own_host "$@"			first line of a test
#	use_standins			$BIN: the monitor beside stand-ins of its components
#	new NAME [STEP]			a bottle NAME; $out: what the tool said, $monitor, $agent
#	agent_does NAME COMMAND…	in the agent's network namespace
#	ask NAME PORT WORDS		what the listener answers
#	log_of NAME			the monitor's log

. tests/lib/wait.sh

own_host() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	for t in bin/bottle-monitor tools/sidecar tools/standin; do
		[ -x "$BUILD/$t" ] || { echo "$BUILD/$t is missing"; exit 1; }
	done
	if [ -z "${OWN_HOST:-}" ]; then
		OWN_HOST=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc \
			--propagation private "$0" "$@"
	fi
	# Components execute and read under uids of their own.
	umask 022
	mount -t tmpfs tmpfs /run
	ip link set lo up
	W=$(mktemp -d "${TMPDIR:-/tmp}/monitor.XXXXXX")
	BIN=$W/bin
	chmod 755 "$W"
	# Where the tool puts its cgroups. Not by pids alone: another test's are the same in its namespace.
	export SIDECAR_CGROUP=bottle-monitor-test-${W##*.}
	mkdir -p "$BIN" "$W/state" "$W/home"
	cp "$BUILD/bin/bottle-monitor" "$BUILD/bin/bottle-rules" "$BUILD/bin/bottle-lfs" \
		"$BUILD/bin/bottle-store" "$BUILD/tools/sidecar" "$BIN"
	# What lives holds its cgroup: both go before the namespace.
	trap 'end_all' EXIT
}

use_standins() {
	local part
	for part in gate egress scan lfs; do cp --remove-destination "$BUILD/tools/standin" "$BIN/bottle-$part"; done
}

new() {
	local rc
	out=$("$BIN/sidecar" create "$W/state/$1" "$W/home" "$1" ${2:+"$2"} 2>&1)
	rc=$?
	monitor=$(sed -n 's/^monitor \([0-9]*\) .*/\1/p' <<<"$out")
	agent=$(sed -n 's/.* agent \([0-9]*\)$/\1/p' <<<"$out")
	return $rc
}

tool() { # tool COMMAND NAME [ARGUMENT…]
	local verb=$1 name=$2
	shift 2
	timeout 120 "$BIN/sidecar" "$verb" "$W/state/$name" "$@" 2>&1
}

agent_does() { tool agent "$@"; }
ask() { tool agent "$1" timeout 90 sh -c "printf '$3' | nc -w 60 198.19.255.1 $2"; }
log_of() { cat "$W/home/$1/logs/monitor.log"; }
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$1/status"; }
dead() { ! alive "$1"; }
no_processes() { ! pgrep -x 'bottle-(monitor|gate|egress|scan|init)' >/dev/null; }
no_sidecar_processes() { [ "$(pgrep -c -f '^bottle-(monitor|gate|egress|scan)')" = 0 ]; }
nothing_of() { # the state directory is empty, the home holds no mirrors
	[ -z "$(ls -A "$W/state/$1" 2>/dev/null)" ] && [ ! -e "$W/home/$1/mirrors" ]
}
no_cgroups() { [ -z "$(find /sys/fs/cgroup -name "${1:-$SIDECAR_CGROUP}-*" 2>/dev/null)" ]; } # no_cgroups [OF]

end_all() {
	local d
	for d in "$W"/state/*; do
		[ ! -e "$d/monitor.sock" ] || timeout 60 "$BIN/sidecar" stop "$d" 2>/dev/null
		timeout 60 "$BIN/sidecar" cleanup "$d" 2>/dev/null
	done
	rm -rf "$W"
}
