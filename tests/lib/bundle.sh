# shellcheck shell=bash
# OCI bundles for tests; needs world.sh. The configuration is what an engine would give: Docker's
# capabilities, masked paths and namespaces, and a seccomp allow-list.

# The allow-list that `bottle run` uses, read from its table.
bundle_syscalls() {
	sed -n '/^static const char \*const allowed/,/};/s/"\([a-z0-9_]*\)",\{0,1\}/\n@\1\n/gp' \
		"$WORLD_TREE/control/seccomp.c" | sed -n 's/^@//p'
}

# bundle_busybox DIR COMMAND…: a bundle whose root is busybox alone.
bundle_busybox() {
	local dir=$1
	shift
	bundle_skeleton "$dir"
	cp /bin/busybox "$dir/rootfs/bin/busybox"
	# In one process: there are hundreds.
	/bin/busybox --list | python3 -c 'import os, sys
os.chdir(sys.argv[1])
[os.symlink("busybox", n) for n in sys.stdin.read().split() if not os.path.lexists(n)]' "$dir/rootfs/bin"
	bundle_config '[]' "$@" >"$dir/config.json"
}

# bundle_host DIR COMMAND…: a bundle with the host's /usr read-only: git, curl, python, node.
bundle_host() {
	local dir=$1 n
	shift
	bundle_skeleton "$dir"
	rmdir "$dir/rootfs/bin"
	for n in bin sbin lib lib32 lib64 libx32; do
		[ ! -L /$n ] || ln -s "$(readlink /$n)" "$dir/rootfs/$n"
	done
	mkdir -p "$dir/rootfs/usr" "$dir/rootfs/etc/ssl/certs"
	cp /etc/ld.so.cache "$dir/rootfs/etc/" 2>/dev/null || :
	cp -L /etc/ssl/certs/ca-certificates.crt "$dir/rootfs/etc/ssl/certs/"
	bundle_config '[{"destination":"/usr","type":"bind","source":"/usr","options":["rbind","ro","nosuid"]},
		{"destination":"/etc/alternatives","type":"bind","source":"/etc/alternatives","options":["rbind","ro"]}]' \
		"$@" >"$dir/config.json"
}

bundle_skeleton() {
	mkdir -p "$1"
	(cd "$1" && mkdir -p rootfs/{bin,dev,proc,sys,etc,run,root,home,var} && mkdir -p -m 1777 rootfs/tmp)
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n' >"$1/rootfs/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' >"$1/rootfs/etc/group"
	printf 'hosts: files dns\n' >"$1/rootfs/etc/nsswitch.conf"
}

# bundle_edit DIR FILTER [jq arguments]: changes config.json.
bundle_edit() {
	local dir=$1 filter=$2
	shift 2
	jq "$@" "$filter" "$dir/config.json" >"$dir/config.new" && mv "$dir/config.new" "$dir/config.json"
}

# bundle_config MOUNTS COMMAND…: config.json on standard output.
bundle_config() {
	local mounts=$1 args
	shift
	args=$(printf '%s\036' "$@" | jq -Rs 'split("\u001e")[:-1]')
	jq -n --argjson args "$args" --argjson more "$mounts" --arg cgroup "/$WORLD_CGROUP/$RANDOM$RANDOM" \
		--arg calls "$(bundle_syscalls)" '
	["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FSETID","CAP_FOWNER","CAP_MKNOD","CAP_NET_RAW","CAP_SETGID",
	 "CAP_SETUID","CAP_SETFCAP","CAP_SETPCAP","CAP_NET_BIND_SERVICE","CAP_SYS_CHROOT","CAP_KILL",
	 "CAP_AUDIT_WRITE"] as $caps | {
	ociVersion: "1.0.2",
	hostname: "agent",
	root: {path: "rootfs"},
	process: {
		user: {uid: 0, gid: 0}, cwd: "/", args: $args,
		env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root"],
		capabilities: {bounding: $caps, effective: $caps, permitted: $caps},
		noNewPrivileges: true
	},
	mounts: ([
		{destination: "/proc", type: "proc", source: "proc", options: ["nosuid","noexec","nodev"]},
		{destination: "/dev", type: "tmpfs", source: "tmpfs",
		 options: ["nosuid","strictatime","mode=755","size=65536k"]},
		{destination: "/dev/pts", type: "devpts", source: "devpts",
		 options: ["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620","gid=5"]},
		{destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid","noexec","nodev","ro"]},
		{destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid","noexec","nodev"]},
		{destination: "/dev/shm", type: "tmpfs", source: "shm",
		 options: ["nosuid","noexec","nodev","mode=1777","size=67108864"]}
	] + $more),
	linux: {
		cgroupsPath: $cgroup,
		namespaces: [{type: "mount"},{type: "network"},{type: "uts"},{type: "pid"},{type: "ipc"}],
		maskedPaths: ["/proc/asound","/proc/acpi","/proc/kcore","/proc/keys","/proc/latency_stats",
			"/proc/timer_list","/proc/timer_stats","/proc/sched_debug","/proc/scsi","/sys/firmware"],
		readonlyPaths: ["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"],
		resources: {devices: [{allow: false, access: "rwm"}]},
		seccomp: {defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1,
			architectures: ["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_AARCH64"],
			syscalls: [{names: ($calls | split("\n")), action: "SCMP_ACT_ALLOW"},
				{names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38},
				{names: ["socket"], action: "SCMP_ACT_ALLOW"},
				{names: ["clone"], action: "SCMP_ACT_ALLOW",
				 args: [{index: 0, op: "SCMP_CMP_MASKED_EQ", value: 2114060288, valueTwo: 0}]}]}
	}}'
}

# The runtime, with its state inside the world.
shim() { bottle-shim --root $WORLD/shim "$@"; }
