# shellcheck shell=bash
# What the docker-everyday tests share: a daemon that knows bottle-shim without a bottle
# (ordinary) beside runc, and what the uses call. Source after world.sh, check.sh and docker.sh.
. "$(dirname "${BASH_SOURCE[0]}")/everyday.sh"

docker_everyday_start() {
	docker_needed
	rm -rf /etc/docker
	mkdir /etc/docker
	jq -n --arg p "$(command -v bottle-shim)" '{runtimes: {ordinary: {path: $p}}}' >/etc/docker/daemon.json
	docker_start_bare && docker_busybox box && docker_bridged
}

# What passes through a bridge is nobody's firewall's business here.
docker_bridged() { [ ! -e /proc/sys/net/bridge ] || echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables; }

everyday_remove() {
	local c
	c=$(docker ps -aq --filter "name=$1")
	# shellcheck disable=SC2086
	[ -z "$c" ] || docker rm -fv $c
}

# ---- what uses call
dr() { docker run --rm --runtime="$RT" "$@"; }			# a run that leaves nothing
dd() { docker run -d --name "$N" --runtime="$RT" "$@" >/dev/null || exit 98; }	# one named $N
de() { docker exec "$N" "$@"; }
ins() { docker inspect -f "$1" "${2:-$N}"; }
is() { [ "$(ins "$1")" = "$2" ]; }
# happened ACTION…: what the engine tells of $N has that line.
happened() { docker events --since 10m --until "$(date +%s)" --filter "container=$N" --format '{{.Action}}' | grep -x "$1"; }
short_of_memory() { happened oom; }
# A value of the container's own group, wherever this kernel keeps it: v1's name, v2's name.
group() { dr "${@:3}" box sh -c "cat /sys/fs/cgroup/*/$1 2>/dev/null || cat /sys/fs/cgroup/$2"; }
export -f dr dd de ins is happened short_of_memory group
