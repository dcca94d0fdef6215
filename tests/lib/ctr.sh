# shellcheck shell=bash
# Debian's containerd inside the world, without Docker and without CRI; needs world.sh and check.sh,
# after world_enter. An image `box` of busybox alone.
. "$(dirname "${BASH_SOURCE[0]}")/image.sh"
BOX=docker.io/library/box:latest

ctr_start() {
	local d=$WORLD/ctr p
	for p in containerd ctr runc; do
		command -v $p >/dev/null || skip "$p is not installed"
	done
	mkdir -p $d
	cat >$d/config.toml <<-CONF
		version = 2
		root = "$d/root"
		state = "$d/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri"]
		[grpc]
		address = "$d/sock"
	CONF
	containerd --config $d/config.toml --log-level warn >$WORLD/log/containerd 2>&1 </dev/null &
	disown
	export CONTAINERD_ADDRESS=$d/sock CONTAINERD_NAMESPACE=world BOX
	wait_for 120 ctr version && ctr_image $d/image && return
	tail -n 5 $WORLD/log/containerd
	return 1
}

# A Docker archive by hand: one layer, its configuration, and the list that names both.
ctr_image() {
	local d=$1 id
	image_busybox $WORLD/image.busybox
	mkdir -p "$d" && tar -C $WORLD/image.busybox -cf "$d/layer.tar" . || return
	id=$(sha256sum <"$d/layer.tar" | cut -d' ' -f1)
	jq -n --arg d "sha256:$id" --arg a "$(dpkg --print-architecture)" '{architecture: $a, os: "linux",
		config: {Env: ["PATH=/bin"], Cmd: ["sh"]}, rootfs: {type: "layers", diff_ids: [$d]}}' >"$d/config.json"
	jq -n --arg b $BOX '[{Config: "config.json", RepoTags: [$b], Layers: ["layer.tar"]}]' >"$d/manifest.json"
	tar -C "$d" -c . | ctr image import - >/dev/null
}
