# shellcheck shell=bash
# A container's cgroup from create to delete; needs check.sh. The same checks on v1, hybrid and v2,
# with and without systemd: cgroup_life MANAGER.

life_setup() { # life_setup MANAGER
	manager=$1
	# Not by the pid: in a namespace of its own each run of this test is the first process.
	key=$RANDOM$RANDOM
	life=${TMPDIR:-/tmp}/life.$key
	id=bottle-life-$key
	shim=("$BUILD/bin/bottle-shim" --root "$life/root" --cgroup-manager "$manager")
	group=/bottle-test-$key/$id
	[ "$manager" = systemd ] && group=system.slice:bottle:$id
	mkdir -p "$life/bundle/rootfs/"{bin,dev,proc,sys,tmp}
	cp /bin/busybox "$life/bundle/rootfs/bin/busybox"
	for n in sh sleep cat dd mknod mkdir head ls; do ln -s busybox "$life/bundle/rootfs/bin/$n"; done
	"$BUILD/bin/bottle-shim" spec --bundle "$life/bundle" || return
	life_edit '.process.terminal = false | .process.args = ["sleep", "1000"] | .root.readonly = false
		| .process.capabilities |= map_values(. + ["CAP_MKNOD"])
		| .linux.namespaces |= map(select(.type != "cgroup")) | .linux.cgroupsPath = $g
		| .linux.resources.memory = {limit: 67108864, swap: 67108864}
		| .linux.resources.pids = {limit: 42}
		| .linux.resources.cpu = {shares: 512, quota: 50000, period: 100000}
		| if $m == "systemd" and $pure == "yes" then .linux.resources.unified = {"memory.high": "50331648"} else . end' --arg g "$group" \
		--arg m "$manager" --arg pure "$(life_is_pure_v2 && echo yes)"
}

life_is_pure_v2() { [ -e /sys/fs/cgroup/cgroup.controllers ]; }

life_edit() {
	local filter=$1
	shift
	jq "$@" "$filter" "$life/bundle/config.json" >"$life/new" && mv "$life/new" "$life/bundle/config.json"
}

life_status() { "${shim[@]}" state "$id" | jq -r .status; }
life_pid() { "${shim[@]}" state "$id" | jq -r .pid; }

# Where init is: the v1 hierarchy of a controller, or the v2 tree.
life_dir() { # life_dir CONTROLLER
	local pid=$1 line
	pid=$(life_pid)
	line=$(grep -E "^[0-9]+:([a-z,]*,)?$1(,[a-z,]*)?:" "/proc/$pid/cgroup")
	if [ -n "$line" ]; then
		echo "/sys/fs/cgroup/$(cut -d: -f2 <<<"$line")$(cut -d: -f3- <<<"$line")"
	else
		echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")"
	fi
}

# life_value CONTROLLER V1-FILE V2-FILE
life_value() {
	local dir
	dir=$(life_dir "$1")
	cat "$dir/$2" 2>/dev/null || cat "$dir/$3"
}

life_limits() {
	check_is "the memory limit is set" 67108864 \
		"$(life_value memory memory.limit_in_bytes memory.max)"
	check_is "the limit of processes is set" 42 "$(life_value pids pids.max pids.max)"
	check_has "the CPU quota is set" 50000 "$(life_value cpu cpu.cfs_quota_us cpu.max)"
}

life_update() {
	check "update lowers memory and swap" \
		"${shim[@]}" update --memory 32m --memory-swap 64m "$id"
	check_is "the lower limit is set" 33554432 \
		"$(life_value memory memory.limit_in_bytes memory.max)"
	check "update takes resources from standard input and raises both" \
		"${shim[@]}" update --resources - "$id" \
		<<<'{"memory": {"limit": 134217728, "swap": 268435456}, "pids": {"limit": 43}}'
	check_is "the higher limit is set" 134217728 \
		"$(life_value memory memory.limit_in_bytes memory.max)"
	check_is "the new limit of processes is set" 43 "$(life_value pids pids.max pids.max)"
}

life_freeze() {
	check "pause" "${shim[@]}" pause "$id"
	check_is "the state is paused" paused "$(life_status)"
	check_is "a second pause is refused" 1 "$(status_of "${shim[@]}" pause "$id")"
	check "resume" "${shim[@]}" resume "$id"
	check_is "the state is running again" running "$(life_status)"
}

life_devices() {
	check "a node of another device can be made" \
		"${shim[@]}" exec "$id" mknod /tmp/kmsg c 1 11
	check_is "it cannot be opened" 1 "$(status_of "${shim[@]}" exec "$id" head -c 1 /tmp/kmsg)"
	check "the null device can" "${shim[@]}" exec "$id" cat /dev/null
}

life_leftovers() { find /sys/fs/cgroup -name "*bottle-test-$key*" -o -name "*$id*" | sort; }

cgroup_life() {
	life_setup "$1" || return
	cd "$life/bundle" || return
	check "create" "${shim[@]}" create "$id" </dev/null
	check "start" "${shim[@]}" start "$id"
	life_limits
	check_is "an executed process is in the group of init" \
		"$(cat "/proc/$(life_pid)/cgroup")" "$("${shim[@]}" exec "$id" cat /proc/self/cgroup)"
	check_has "ps tells the pid" "$(life_pid)" "$("${shim[@]}" ps --format json "$id")"
	life_update
	life_freeze
	life_devices
	if [ "$manager" = systemd ]; then
		check "systemd reads its units again" systemctl daemon-reload
		check_is "the memory limit is still there" 134217728 \
			"$(life_value memory memory.limit_in_bytes memory.max)"
		check_is "the limit of processes is still there" 43 "$(life_value pids pids.max pids.max)"
		! life_is_pure_v2 ||
			check_is "so is one of the unified kind" 50331648 "$(life_value memory '' memory.high)"
		check_is "the refused device still cannot be opened" 1 \
			"$(status_of "${shim[@]}" exec "$id" head -c 1 /tmp/kmsg)"
	fi
	check "a group is made below" mkdir "$(life_dir memory)/below"
	check "pause once more" "${shim[@]}" pause "$id"
	check "delete --force of a paused container" "${shim[@]}" delete --force "$id"
	check "delete --force again" "${shim[@]}" delete --force "$id"
	check_is "no cgroup is left" "" "$(life_leftovers)"
	cd / && rm -rf "$life"
}
