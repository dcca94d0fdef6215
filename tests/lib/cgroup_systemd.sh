# shellcheck shell=bash
# What only the systemd driver has: the scope's place and properties, annotations, groups below it.
# Needs check.sh, cgroup_life.sh and cgroup_update.sh, and a systemd.

scope() { "${shim[@]}" state "$id" | jq -r '."systemd-scope"'; }
property() { systemctl show -P "$1" "$(scope)"; }

systemd_container() { # systemd_container SENTENCE JQ-FILTER
	life_edit "$2"
	check "$1" "${shim[@]}" create "$id" </dev/null
	check "start" "${shim[@]}" start "$id"
}

systemd_gone() {
	check "delete" "${shim[@]}" delete --force "$id"
	check_is "the unit is gone" "" "$(systemctl list-units --all --no-legend "*$id*")"
	check_is "no cgroup is left" "" "$(life_leftovers)"
}

cgroup_systemd_properties() {
	systemd_container "a scope with properties of its own" '.annotations = {
		"org.systemd.property.TimeoutStopSec": "7",
		"org.systemd.property.CollectMode": "\u0027inactive-or-failed\u0027",
		"org.systemd.property.After": "[\u0027dbus.service\u0027]"}
		| .linux.cgroupsPath = "bottle-test.slice:pre:" + ($ENV.id)
		| .linux.resources = {cpu: {shares: 2048, quota: 25000, period: 50000, cpus: "0", mems: "0"},
			memory: {limit: 67108864}, pids: {limit: 17}}'
	check_is "the scope has the name of prefix and id" "pre-$id.scope" "$(scope)"
	check_is "it lies in the slice" bottle-test.slice "$(property Slice)"
	check_is "a time in seconds" 7s "$(property TimeoutStopUSec)"
	check_is "a text" inactive-or-failed "$(property CollectMode)"
	check_has "a list" dbus.service "$(property After)"
	check_is "it is delegated" yes "$(property Delegate)"
	check_is "processes" 17 "$(property TasksMax)"
	check_is "quota" 500ms "$(property CPUQuotaPerSecUSec)"
	check_is "period" 50ms "$(property CPUQuotaPeriodUSec)"
	if life_is_pure_v2; then
		check_is "memory" 67108864 "$(property MemoryMax)"
		check_is "CPUs" 0 "$(property AllowedCPUs)"
		check_is "memory nodes" 0 "$(property AllowedMemoryNodes)"
		check_is "weight" 174 "$(property CPUWeight)"
	else
		check_is "memory" 67108864 "$(property MemoryLimit)"
		check_is "shares" 2048 "$(property CPUShares)"
		check_is "devices" strict "$(property DevicePolicy)"
	fi
	check "update" "${shim[@]}" update --pids-limit 18 --cpu-quota 5000 "$id"
	check_is "is told to systemd" 18 "$(property TasksMax)"
	check_is "with the period as it was" 100ms "$(property CPUQuotaPerSecUSec)"
	check "systemd reads its units again" systemctl daemon-reload
	updated "the quota is still there" cpu cpu.cfs_quota_us 5000 cpu.max "5000 50000"
	systemd_gone
}

cgroup_systemd_subgroup() {
	local inside
	life_setup systemd && cd "$life/bundle" || return
	systemd_container "a group below the scope" '.annotations = {"run.oci.systemd.subgroup": "inner"}
		| .linux.resources.pids = {limit: 19}'
	check_has "init is in it" "$(scope)/inner" "$(cat "/proc/$(life_pid)/cgroup")"
	check_is "and it has the limits" 19 "$(cat "$(life_dir pids)/pids.max")"
	systemd_gone
	life_is_pure_v2 || return 0
	systemd_container "a group below that is delegated" '.annotations = {
		"run.oci.systemd.subgroup": "inner", "run.oci.delegate-cgroup": "payload"}
		| .linux.namespaces += [{type: "cgroup"}]'
	inside=$("${shim[@]}" exec "$id" cat /proc/self/cgroup)
	check_is "a container sees the delegated group below its root" 0::/payload "$inside"
	check_has "which is in the group below the scope" "$(scope)/inner/payload" \
		"$(cat "/proc/$(life_pid)/cgroup")"
	systemd_gone
	life_edit '.annotations["run.oci.delegate-cgroup"] = "../x"'
	check_is "no path leads out of the scope" 1 "$(status_of "${shim[@]}" create "$id")"
	check_has "and the annotation is named" run.oci.delegate-cgroup "$(cat "$TMPDIR/status.out")"
	life_edit '.annotations = {"org.systemd.property.Bad Name": "1"}'
	check_is "what is no property is refused" 1 "$(status_of "${shim[@]}" create "$id")"
	check_has "and named" "Bad Name" "$(cat "$TMPDIR/status.out")"
}

cgroup_systemd_life() {
	life_setup systemd || return
	export id
	cd "$life/bundle" || return
	cgroup_systemd_properties
	cgroup_systemd_subgroup
	cd / && rm -rf "$life"
}

# runtime-spec config-linux.md, "Cgroup ownership": pure v2 only, with either driver.
cgroup_ownership() { # cgroup_ownership MANAGER
	local dir
	life_setup "$1" || return
	cd "$life/bundle" || return
	life_edit '.linux.namespaces += [{type: "cgroup"}, {type: "user"}] | .process.user = {uid: 5, gid: 5}
		| .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 1000}]
		| .linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "cgroup"))'
	chown -R 100000:100000 rootfs && chmod 755 "$life" "$life/bundle" "$TMPDIR"
	check "a container without a writable tree" "${shim[@]}" create "$id" </dev/null
	dir=$(life_dir memory)
	check_is "owns none" 0 "$(stat -c %u "$dir")"
	check "delete" "${shim[@]}" delete --force "$id"
	life_edit '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"]}]'
	check "a container with one" "${shim[@]}" create "$id" </dev/null
	dir=$(life_dir memory)
	check_is "owns its group" 100005 "$(stat -c %u "$dir")"
	check_is "and the list of processes" 100005 "$(stat -c %u "$dir/cgroup.procs")"
	check_is "but not its limits" 0 "$(stat -c %u "$dir/memory.max")"
	check "start" "${shim[@]}" start "$id"
	check_is "what is executed sees its group as the root" 0::/ \
		"$("${shim[@]}" exec "$id" cat /proc/self/cgroup)"
	check "delete" "${shim[@]}" delete --force "$id"
	life_edit '.mounts |= map(if .type == "cgroup" then .options += ["nonsense"] else . end)'
	check_is "an option that the kernel does not know is an error" 1 \
		"$(status_of "${shim[@]}" create "$id")"
	check_has "which names it" nonsense "$(cat "$TMPDIR/status.out")"
	cd / && rm -rf "$life"
}

# cgroup-v2.rst, "Threads": below a threaded group only limits of threads are possible.
cgroup_threaded() {
	local top=/sys/fs/cgroup/bottle-threaded-$RANDOM
	life_setup cgroupfs || return
	cd "$life/bundle" || return
	mkdir "$top" && mkdir "$top/one" && echo threaded >"$top/one/cgroup.type"
	life_edit '.linux.cgroupsPath = $g' --arg g "${top#/sys/fs/cgroup}/one/box"
	check_is "limits of memory below a threaded group are refused" 1 \
		"$(status_of "${shim[@]}" create "$id")"
	check_has "with the group's mode" '\"domain invalid\" mode' "$(cat "$TMPDIR/status.out")"
	life_edit 'del(.linux.resources.memory, .linux.resources.unified)'
	check "a container without them" "${shim[@]}" create "$id" </dev/null
	check_is "is in a threaded group" threaded "$(cat "$top/one/box/cgroup.type")"
	check "delete" "${shim[@]}" delete --force "$id"
	rmdir "$top/one" "$top"
	cd / && rm -rf "$life"
}
