# shellcheck shell=bash
# Debian's Docker inside the world, with the runtime as `bottle-shim install` set it up; needs
# world.sh, after world_start. Nothing of the machine's own engine is touched.
. "$(dirname "${BASH_SOURCE[0]}")/image.sh"

docker_needed() {
	local p
	for p in dockerd containerd docker; do
		command -v $p >/dev/null || skip "$p is not installed"
	done
}

# docker_start: installs the runtime, starts the daemon, waits until it answers.
docker_start() {
	docker_needed
	rm -rf /etc/docker
	mkdir /etc/docker
	bottle-shim install >$WORLD/log/install && docker_start_bare
}

# The daemon with whatever /etc/docker has, and the words of DOCKER_OPTIONS (DOCKER_PARENT: a slice,
# for the systemd driver).
docker_start_bare() {
	local d=$WORLD/docker
	mkdir -p $d
	export DOCKER_HOST=unix:///run/docker.sock DOCKER_CONFIG=$WORLD/home/.docker
	for driver in overlay2 vfs; do
		dockerd --data-root $d/data --exec-root $d/exec -H "$DOCKER_HOST" --pidfile $d/pid \
			--storage-driver $driver --cgroup-parent "${DOCKER_PARENT:-/$WORLD_CGROUP}" --log-level warn \
			${DOCKER_OPTIONS:-} \
			--add-runtime plain=/usr/sbin/runc </dev/null >>$WORLD/log/dockerd 2>&1 &
		# Kept: a process substitution changes $!.
		docker_pid=$!
		disown
		wait_for 120 docker_settled && docker version >/dev/null 2>&1 && return 0
		# One that has come to nothing yet still holds its files.
		kill -KILL "$docker_pid" 2>/dev/null
		wait_for 60 not kill -0 "$docker_pid"
	done
	tail -n 5 $WORLD/log/dockerd
	return 1
}

# It answers, or has given up.
docker_settled() { docker version || ! kill -0 "$docker_pid"; }

docker_stop() {
	local pid
	pid=$(cat $WORLD/docker/pid)
	kill "$pid"
	wait_for 120 not kill -0 "$pid"
}

# docker_busybox NAME: an image of busybox alone.
docker_busybox() {
	image_busybox $WORLD/image.busybox
	tar -C $WORLD/image.busybox -c . | docker import - "$1" >/dev/null
}

# docker_tools NAME [FILE…]: an image as image_tools makes it.
docker_tools() {
	local root=$WORLD/image.tools name=$1
	shift
	image_tools $root "$@"
	tar -C $root -c . | docker import - "$name" >/dev/null
}
