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

# The daemon with whatever /etc/docker has.
docker_start_bare() {
	local d=$WORLD/docker
	mkdir -p $d
	export DOCKER_HOST=unix:///run/docker.sock DOCKER_CONFIG=$WORLD/home/.docker
	for driver in overlay2 vfs; do
		dockerd --data-root $d/data --exec-root $d/exec -H "$DOCKER_HOST" --pidfile $d/pid \
			--storage-driver $driver --cgroup-parent "/$WORLD_CGROUP" --log-level warn \
			--add-runtime plain=/usr/sbin/runc </dev/null >>$WORLD/log/dockerd 2>&1 &
		disown
		wait_for 30 docker_settled && docker version >/dev/null 2>&1 && return 0
	done
	tail -n 5 $WORLD/log/dockerd
	return 1
}

# It answers, or has given up.
docker_settled() { docker version || ! kill -0 $!; }

docker_stop() {
	local pid
	pid=$(cat $WORLD/docker/pid)
	kill "$pid"
	wait_for 30 not kill -0 "$pid"
}

# docker_busybox NAME: an image of busybox alone.
docker_busybox() {
	image_busybox $WORLD/image.busybox
	tar -C $WORLD/image.busybox -c . | docker import - "$1" >/dev/null
}

# docker_tools NAME [FILE…]: git, curl and the files beside busybox, with the libraries they load.
docker_tools() {
	local root=$WORLD/image.tools name=$1 p
	shift
	mkdir -p $root/etc/ssl/certs
	cp -a $WORLD/image.busybox/. $root/
	for p in /usr/bin/git /usr/bin/curl /usr/lib/git-core/git /usr/lib/git-core/git-remote-http "$@"; do
		docker_copy $root $p
	done
	ln -sf git-remote-http $root/usr/lib/git-core/git-remote-https
	for p in /lib/x86_64-linux-gnu /lib/aarch64-linux-gnu; do
		[ ! -e $p/libnss_dns.so.2 ] || docker_copy $root $p/libnss_dns.so.2 $p/libnss_files.so.2
	done
	printf 'hosts: files dns\n' >$root/etc/nsswitch.conf
	cp -L /etc/ssl/certs/ca-certificates.crt $root/etc/ssl/certs/
	tar -C $root -c . | docker import - "$name" >/dev/null
}

# docker_copy ROOT FILE…: each file and the libraries it needs, at the same paths.
docker_copy() {
	local root=$1 f
	shift
	for f in "$@" $(ldd "$@" 2>/dev/null | grep -o '/[^ ]*' | grep -v ':$' | sort -u); do
		mkdir -p "$root/$(dirname "$f")"
		[ -e "$root/$f" ] || cp -L "$f" "$root/$f"
	done
}
