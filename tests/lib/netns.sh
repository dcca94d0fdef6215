# Networks for tests: sourced, not executed. The test runs itself again in network, mount and pid
# namespaces of its own, which stand in for the host; everything in them ends with the test.
#
#	own_host "$@"		first line of a test: continue in the stand-in
#	make_sidecar NAME	$RUN/NAME: a sidecar's namespace, policy in force
#	make_agent NAME		$RUN/NAME and ${NAME}_pid: a namespace owned by a user namespace
#	make_outside NAME	a network behind a sidecar: eth0 there, 192.0.2.1 with the "world" here
#	in_ns NAME CMD…		in the network namespace only, as real root
#	in_agent NAME CMD…	as root of the agent's user namespace
#
# GATE, EGRESS: uids that the policy names.

. "$(dirname "${BASH_SOURCE[0]}")/wait.sh"

GATE=1879048300
EGRESS=1879048301
NETNS=$BUILD/tools/netns

skip() {
	echo "$*"
	exit 77
}

die() {
	echo "$*" >&2
	exit 1
}

# One line per fact; the first that does not hold ends the test.
ok() { # ok TEXT COMMAND…
	local text=$1
	shift
	if "$@"; then echo "ok: $text"; else die "not so: $text ($*)"; fi
}

not() { # not COMMAND…
	! "$@"
}

# at_once COMMAND…: it fails because somebody said no, and not because its own patience was at an end.
at_once() {
	local said
	! said=$("$@" 2>&1) && grep -qiE 'refused|denied|unreachable|not permitted|no route|filtered|protocol not supported' <<<"$said"
}

own_host() {
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -x "$NETNS" ] || die "$NETNS is missing (make unit)"
	if [ -z "${OWN_HOST:-}" ]; then
		OWN_HOST=1 exec unshare --net --mount --pid --fork --kill-child --mount-proc \
			--propagation private "$0" "$@"
	fi
	umask 022
	RUN=/run/netns
	mount -t tmpfs tmpfs /run
	mkdir -p $RUN /run/bottle-shim
	mount -t sysfs sysfs /sys 2>/dev/null || true
	ip link set lo up
}

make_sidecar() {
	: >"$RUN/$1"
	"$NETNS" new "$RUN/$1" || die "cannot make a sidecar's namespace"
	"$NETNS" policy "$RUN/$1" $GATE $EGRESS 22 || die "cannot apply the policy"
}

make_agent() {
	local pid
	unshare --user --net sleep infinity &
	pid=$!
	eval "${1}_pid=$pid"
	wait_for 30 unshared $pid || die "no namespace for the agent"
	echo "0 0 1879048192" >/proc/$pid/uid_map
	echo "0 0 1879048192" >/proc/$pid/gid_map
	: >"$RUN/$1"
	mount --bind "/proc/$pid/ns/net" "$RUN/$1"
}

unshared() {
	[ "$(cat "/proc/$1/comm")" = sleep ]
}

in_ns() {
	local ns=$1
	shift
	nsenter --net="$RUN/$ns" "$@"
}

in_agent() {
	local pid=${1}_pid
	shift
	nsenter -t "${!pid}" --user --net --setuid 0 --setgid 0 "$@"
}

# The world behind a sidecar, as an engine would attach it: after make_sidecar.
make_outside() {
	ip link add "w$1" type veth peer name eth0 netns "$RUN/$1"
	ip addr add 192.0.2.1/24 dev "w$1"
	ip link set "w$1" up
	in_ns "$1" ip addr add 192.0.2.2/24 dev eth0
	in_ns "$1" ip link set eth0 up
	in_ns "$1" ip route add default via 192.0.2.1
	# A public server, as far as the sidecar can tell.
	ip addr replace 203.0.113.9/32 dev lo
}

# Starts the tool's server in a sidecar and waits until it listens.
serve() { # serve NAME SPEC…
	local ns=$1 fd line
	shift
	exec {fd}< <(exec "$NETNS" serve "$RUN/$ns" $EGRESS "$@")
	serve_pid=$!
	read -r line <&$fd && [ "$line" = ready ] || die "the listeners do not come up"
}
