# shellcheck shell=bash
# What the podman-everyday tests call. Source after world.sh, check.sh and podman.sh.
. "$(dirname "${BASH_SOURCE[0]}")/everyday.sh"

everyday_remove() {
	podman pod rm -ft0 "$1"
	podman rm -ft0v "$1"
}

prn() { # prn NETWORK ARGUMENTS…: a run that leaves nothing
	podman --runtime "$RT" run --rm --cgroup-parent "/$WORLD_CGROUP" --network "$@"
}
pr() { prn none "$@"; }
pd() { # one in the background, named $N
	podman --runtime "$RT" run -d --cgroup-parent "/$WORLD_CGROUP" --network none --name "$N" "$@" >/dev/null ||
		exit 98
}
pe() { podman exec "$N" "$@"; }
export -f prn pr pd pe
