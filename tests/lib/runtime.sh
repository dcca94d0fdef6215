# shellcheck shell=bash
# A container of our own without a world around it: mounts, processes and state that die with the
# test. Source first: it executes the test again in namespaces of its own.
[ "$(id -u)" = 0 ] || { echo "needs root"; exit 77; }
if [ -z "${RUNTIME_INSIDE:-}" ]; then
	RUNTIME_INSIDE=1 exec unshare -m -p -f --kill-child --mount-proc --propagation private "$0" "$@"
fi
WORLD_TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck disable=SC2034 # used by bundle.sh
WORLD_CGROUP=bottle-test-$(readlink /proc/self/ns/mnt | tr -dc 0-9)-$RANDOM
umask 022
unset XDG_RUNTIME_DIR NOTIFY_SOCKET LISTEN_FDS LISTEN_PID
. "$WORLD_TREE/tests/lib/check.sh"
. "$WORLD_TREE/tests/lib/wait.sh"
. "$WORLD_TREE/tests/lib/bundle.sh"
export BUILD=${BUILD:-$WORLD_TREE/build}
PATH=$BUILD/bin:$PATH
scratch=$(mktemp -d)
R=$scratch/state
runtime_end() {
	local id
	for id in "$R"/*/; do
		[ ! -d "$id" ] || bottle-shim --root "$R" delete --force "$(basename "$id")" >/dev/null 2>&1
	done
	find /sys/fs/cgroup -depth -type d -path "*/$WORLD_CGROUP*" -exec rmdir {} + 2>/dev/null
	rm -rf "$scratch"
}
trap runtime_end EXIT
rt() { bottle-shim --root "$R" "$@" </dev/null; }
# bundle NAME COMMAND…: a busybox bundle at $scratch/NAME.
bundle() { local n=$1; shift; bundle_busybox "$scratch/$n" "$@"; }
# out NAME: runs the bundle, prints what it printed.
out() { rt run --bundle "$scratch/$1" "$1" 2>&1; }
