# shellcheck shell=bash
# `update` of each limit, read back from the kernel's files; needs check.sh and cgroup_life.sh. The
# same checks on v1, hybrid and v2, with and without systemd: cgroup_update_life MANAGER.

update() { check "update $*" "${shim[@]}" update "$@" "$id"; }

# updated SENTENCE CONTROLLER V1-FILE V1-VALUE V2-FILE V2-VALUE; a v1 value of '-' is not looked at.
updated() {
	local dir
	dir=$(life_dir "$2")
	if [ -e "$dir/cgroup.controllers" ]; then
		check_is "$1" "$6" "$(cat "$dir/$5")"
	elif [ "$4" != - ]; then
		check_is "$1" "$4" "$(cat "$dir/$3")"
	fi
}

cgroup_update_cpu() {
	update --cpu-share 1024
	updated "shares" cpu cpu.shares 1024 cpu.weight 100
	update --cpu-quota 40000
	updated "a quota alone leaves the period" cpu cpu.cfs_quota_us 40000 cpu.max "40000 100000"
	update --cpu-period 50000
	updated "a period alone leaves the quota" cpu cpu.cfs_quota_us 40000 cpu.max "40000 50000"
	updated "the period is set" cpu cpu.cfs_period_us 50000 cpu.max "40000 50000"
	update --cpu-quota -1
	updated "no quota" cpu cpu.cfs_quota_us -1 cpu.max "max 50000"
	update --cpu-quota 30000 --cpu-period 100000 --cpu-burst 10000
	updated "burst" cpu cpu.cfs_burst_us 10000 cpu.max.burst 10000
	update --cpu-quota 5000 --cpu-burst 2000
	updated "a burst that shrinks with its quota" cpu cpu.cfs_burst_us 2000 cpu.max.burst 2000
	update --cpu-idle 1
	updated "idle" cpu cpu.idle 1 cpu.idle 1
	update --cpu-idle 0 --cpu-share 512
	updated "idle no more" cpu cpu.idle 0 cpu.idle 0
	updated "and a weight with it" cpu cpu.shares 512 cpu.weight 59
	update --cpuset-cpus 0 --cpuset-mems 0
	updated "CPUs" cpuset cpuset.cpus 0 cpuset.cpus 0
	updated "memory nodes" cpuset cpuset.mems 0 cpuset.mems 0
}

cgroup_update_memory() {
	update --memory 50m --memory-swap 100MB
	updated "memory" memory memory.limit_in_bytes 52428800 memory.max 52428800
	updated "swap counts together on v1, by itself on v2" memory \
		memory.memsw.limit_in_bytes 104857600 memory.swap.max 52428800
	update --memory 70m
	updated "memory alone leaves the sum" memory memory.memsw.limit_in_bytes 104857600 \
		memory.swap.max 31457280
	update --memory-reservation 20m
	updated "reservation" memory memory.soft_limit_in_bytes 20971520 memory.low 20971520
	update --kernel-memory 5m
	update --memory -1
	updated "no memory limit" memory memory.limit_in_bytes 9223372036854771712 memory.max max
	updated "and none of swap with it" memory memory.memsw.limit_in_bytes \
		9223372036854771712 memory.swap.max max
}

# No driver has that number: who may open it hears so, and who may not, that he may not.
opened() { "${shim[@]}" exec "$id" head -c 0 /tmp/nobodys 2>&1 | grep -o 'not permitted\|No such device'; }

cgroup_update_devices() {
	check "a node can be made" "${shim[@]}" exec "$id" mknod /tmp/nobodys c 242 7
	check_is "but not opened" "not permitted" "$(opened)"
	check "update allows the device" "${shim[@]}" update -r - "$id" \
		<<<'{"devices": [{"allow": false, "access": "rwm"},
			{"allow": true, "type": "c", "major": 242, "minor": 7, "access": "rw"}]}'
	check_is "and it can be opened" "No such device" "$(opened)"
	check "those of everybody, too" "${shim[@]}" exec "$id" head -c 1 /dev/zero
	check "update refuses it again" "${shim[@]}" update -r - "$id" \
		<<<'{"devices": [{"allow": false, "access": "rwm"}]}'
	check_is "and it cannot be opened" "not permitted" "$(opened)"
	check "those of everybody still can" "${shim[@]}" exec "$id" head -c 1 /dev/zero
}

cgroup_update_errors() {
	check_is "a value that the kernel refuses is an error" 1 \
		"$(status_of "${shim[@]}" update --pids-limit 55 --cpuset-cpus 4095 "$id")"
	check_has "which names the file" "cpuset.cpus" "$(cat "$TMPDIR/status.out")"
	check_has "and the value" "4095" "$(cat "$TMPDIR/status.out")"
	updated "what had been set before it is set back" pids pids.max 44 pids.max 44
	check_is "a size that is none is refused" 1 \
		"$(status_of "${shim[@]}" update --memory 1mm "$id")"
	check_has "and the option is named" "'1mm' for --memory" "$(cat "$TMPDIR/status.out")"
	check_is "a limit below what is in use is refused where that is asked" 1 \
		"$(status_of "${shim[@]}" update -r - "$id" \
			<<<'{"memory": {"limit": 4096, "checkBeforeUpdate": true}}')"
	check_has "with runc's words" "rejecting memory limit" "$(cat "$TMPDIR/status.out")"
	check_is "a share of the cache without linux.intelRdt is refused" 1 \
		"$(status_of "${shim[@]}" update --l3-cache-schema 'L3:0=f' "$id")"
	check_has "with the reason" "l3 cache schema is not enabled" "$(cat "$TMPDIR/status.out")"
	check_is "an unknown container" 1 "$(status_of "${shim[@]}" update --pids-limit 5 "$id-not")"
}

cgroup_update_life() {
	local page
	life_setup "$1" || return
	life_edit 'del(.linux.resources.unified)'
	cd "$life/bundle" || return
	check "create" "${shim[@]}" create "$id" </dev/null
	check "start" "${shim[@]}" start "$id"
	cgroup_update_cpu
	cgroup_update_memory
	update --pids-limit 44
	updated "processes" pids pids.max 44 pids.max 44
	cgroup_update_devices
	cgroup_update_errors
	page=$(basename "$(find /sys/kernel/mm/hugepages -name 'hugepages-2048kB')")
	if [ -n "$page" ] && grep -qw hugetlb /proc/cgroups /sys/fs/cgroup/{,unified/}cgroup.controllers 2>/dev/null; then
		check "huge pages" "${shim[@]}" update -r - "$id" \
			<<<'{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
		check_is "are limited" 4194304 "$(cat "$(life_dir hugetlb)/hugetlb.2MB.max" 2>/dev/null ||
			cat "$(life_v2_dir)/hugetlb.2MB.max" 2>/dev/null || cat "$(life_dir hugetlb)/hugetlb.2MB.limit_in_bytes")"
	fi
	check "a paused container is updated" "${shim[@]}" pause "$id"
	update --pids-limit 45
	check_is "and stays paused" paused "$(life_status)"
	updated "with the new limit" pids pids.max 45 pids.max 45
	update --pids-limit -1
	updated "no limit of processes" pids pids.max max pids.max max
	check_is "the configuration that is kept says so" -1 \
		"$(jq .linux.resources.pids.limit "$life/root/$id/config.json")"
	check "delete" "${shim[@]}" delete --force "$id"
	check_is "no cgroup is left" "" "$(life_leftovers)"
	cd / && rm -rf "$life"
}

# The v2 group of init, also where there are v1 hierarchies beside it.
life_v2_dir() {
	local top=/sys/fs/cgroup
	life_is_pure_v2 || top=$top/unified
	echo "$top$(sed -n 's/^0:://p' "/proc/$(life_pid)/cgroup")"
}
