# shellcheck shell=bash
# `events` of a container in a group with a memory limit; needs check.sh and cgroup_life.sh
# (life_setup). The same checks on v1, hybrid and v2.

. "$(dirname "${BASH_SOURCE[0]}")/wait.sh"

# The members of an object and their types, one a line, lists and values left out.
events_shape() {
	jq -rc 'def walk_keys($p): to_entries[] | ($p + "." + .key) as $q
		| (if (.value | type) == "object" then $q, (.value | walk_keys($q)) else $q + " " + (.value | type) end);
		walk_keys("")' | sort
}

events_eats() { "${shim[@]}" exec "$id" dd if=/dev/zero of=/dev/null bs=200M count=1; }

events_life() { # events_life MANAGER
	local log=$TMPDIR/events.log watcher stats
	life_setup "$1" || return
	# A process above memory.high is made to wait, and would never be killed.
	life_edit 'del(.linux.resources.unified)'
	cd "$life/bundle" || return
	check "create" "${shim[@]}" create "$id" </dev/null
	check "start" "${shim[@]}" start "$id"
	stats=$("${shim[@]}" events --stats "$id")
	check_is "one line of statistics" "stats $id" "$(jq -r '"\(.type) \(.id)"' <<<"$stats")"
	check_is "the memory limit is told" 67108864 "$(jq .data.memory.usage.limit <<<"$stats")"
	check_is "the memory in use is told" true "$(jq '.data.memory.usage.usage > 0' <<<"$stats")"
	check_is "the processes and their limit are told" "1 42" \
		"$(jq -r '"\(.data.pids.current) \(.data.pids.limit)"' <<<"$stats")"
	check_is "CPU time is told" true "$(jq '.data.cpu.usage.total > 0' <<<"$stats")"
	"${shim[@]}" events --interval 100ms "$id" >"$log" &
	watcher=$!
	check "statistics come at each interval" wait_for 30 lines_of stats 2 "$log"
	check_is "no kill is told before there was one" 0 "$(grep -c '"oom"' "$log")"
	events_eats >/dev/null 2>&1
	check "a kill for want of memory is told" wait_for 60 lines_of oom 1 "$log"
	check "delete" "${shim[@]}" delete --force "$id"
	wait $watcher
	check_is "events ends with the container" 0 $?
	check_is "each line is JSON with the container's id" "$id" "$(jq -r .id "$log" | sort -u)"
	check_is "a container that is gone has none" 1 "$(status_of "${shim[@]}" events --stats "$id")"
	cd / && rm -rf "$life"
}

lines_of() { [ "$(grep -c "\"type\":\"$1\"" "$3")" -ge "$2" ]; } # lines_of TYPE COUNT FILE
