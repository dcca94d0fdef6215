# shellcheck shell=bash
# Debian's Podman inside the world, with storage of its own and two runtimes: runc, and bottle-shim
# without a bottle (ordinary). Needs world.sh and check.sh, after world_enter. Nothing of the
# machine's own containers is seen or touched.
. "$(dirname "${BASH_SOURCE[0]}")/image.sh"

podman_needed() {
	local p
	for p in podman conmon runc; do
		command -v $p >/dev/null || skip "$p is not installed"
	done
}

# podman_start: its files, and an image `box` of busybox alone, and `infra` for pods.
podman_start() {
	local d=$WORLD/podman
	podman_needed
	mkdir -p /etc/containers $d
	podman_settings >/etc/containers/containers.conf
	printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' "${PODMAN_STORAGE:-overlay}" \
		$d/root $d/run >$d/storage.conf
	export CONTAINERS_STORAGE_CONF=$d/storage.conf
	printf 'containers:200000:1000000\nroot:2000000:65536\n' | tee /etc/subuid >/etc/subgid
	image_busybox $WORLD/image.busybox
	tar -C $WORLD/image.busybox -c . | podman import -q - box >/dev/null &&
		tar -C $WORLD/image.busybox -c . |
		podman import -q -c 'CMD ["/bin/sh", "-c", "trap exit TERM; sleep 1000000 & wait"]' - infra >/dev/null
}

podman_settings() {
	cat <<-CONF
		[containers]
		# The machine's keyring quota is not for tests.
		keyring = false
		[engine]
		cgroup_manager = "${PODMAN_CGROUPS:-cgroupfs}"
		events_logger = "file"
		infra_image = "localhost/infra"
		runtime_supports_json = ["runc", "crun", "ordinary"]
		runtime_supports_nocgroups = ["crun", "ordinary"]
		[engine.runtimes]
		ordinary = ["$(command -v bottle-shim)"]
		runc = ["$(command -v runc)"]
	CONF
}

# Groups that podman makes for pods of `kube play`, which takes no parent: gone when empty.
podman_stop() {
	podman pod rm -fa -t 0
	podman rm -fa -t 0
	find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null
	true
}
