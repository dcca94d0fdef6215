# shellcheck shell=bash
# Everyday uses of an engine, each by a peer's runtime and by ours: both must end and say the same.
#
#	use STATUS NAME COMMAND		a use; STATUS is what the peer must end with, or "any": where this
#					machine's rights do not do for the peer, ours may go further
#	use_differs STATUS OURS NAME COMMAND
#					one where ours ends otherwise, on purpose: the comment above says why
#	everyday PEER OURS		runs all of them, a lane for each runtime, and compares
#
# COMMAND is a shell's, in a process of its own with
#	$RT	the lane's runtime		$N	a name that no other use has
#	$D	an empty directory (the working directory)
# and the functions that the test exports. What $N names is removed by everyday_remove, which the test
# defines. EVERYDAY_ONLY is a regular expression that chooses uses by their names.
use_names=() use_wanted=() use_ours=() use_commands=()
EVERYDAY_SECONDS=${EVERYDAY_SECONDS:-180}

use() { use_differs "$1" "" "$2" "$3"; }

use_differs() {
	[[ $3 =~ ${EVERYDAY_ONLY:-.} ]] || return 0
	use_wanted+=("$1") use_ours+=("$2") use_names+=("$3") use_commands+=("$4")
}

# ---- what uses of any engine call
# Terminal: what is typed goes in by standard input, a pseudoterminal is between.
typed() { script -qec "$1" /dev/null; }
until_() { # until_ COMMAND…: or the use ends here
	wait_for 60 "$@" || { echo "in vain: $*"; exit 99; }
}
logged() { # logged ENGINE LINE: until that line is in the log of $N
	until_ sh -c "$1 logs $N | grep -x '$2'"
}
# answered PATTERN: of what is typed back at a terminal, whole lines like that alone: how often the typed itself is shown
# depends on who was first, the typing or the one that reads.
answered() { tr -d '\r' | grep -xE "$1"; }
# A processor that there is to be had: the last that this test may use.
EVERYDAY_CPU=$(sed -n 's/^Cpus_allowed_list:.*[^0-9]\([0-9]*\)$/\1/p' /proc/self/status)
export EVERYDAY_CPU
export -f typed wait_for until_ logged answered

everyday_lane() { # everyday_lane LANE RUNTIME
	local i
	export RT=$2 N D
	for i in "${!use_names[@]}"; do
		N=e$1n$i D=$EVERYDAY/$1/$i
		mkdir -p "$D/cwd"
		(cd "$D/cwd" && D=$PWD exec timeout -k 5 "$EVERYDAY_SECONDS" bash -c "${use_commands[i]}") \
			>"$D/out" 2>"$D/err" </dev/null
		echo $? >"$D/status"
		[[ ${use_commands[i]} != *'$N'* ]] || everyday_remove "$N" >/dev/null 2>&1 </dev/null
	done
}

# What differs between two runs of the same use: names, identifiers, times, and how each runtime words an
# error (the engine's own words stay, but for a line that its client writes or not, as it happens).
everyday_normal() { # everyday_normal LANE I RUNTIME
	echo "status $(cat "$EVERYDAY/$1/$2/status")"
	cat "$EVERYDAY/$1/$2/out" "$EVERYDAY/$1/$2/err" | tr -d '\r' | sed -E -e "s#$EVERYDAY/$1/#LANES/#g" -e "s/\be$1n$2/NAME/g" \
		-e "s/\b$3\b/RUNTIME/g" -e 's/[0-9a-f]{64}/ID/g' -e 's/\b[0-9a-f]{12}\b/ID/g' \
		-e 's/^Error: .*: (OCI (runtime attempted|permission denied))/Error: \1/' \
		-e 's/(OCI runtime [a-z]+ failed|OCI runtime error|runtime failed): .*/\1/' -e '/^Run .docker .*--help. for more/d' \
		-e '/error waiting for container: context canceled/d' \
		-e 's/^time="[^"]*" //' -e 's/\b[A-Z][a-z]{2} +[0-9]+ [0-9]{2}:[0-9]{2}\b/TIME/'
}

everyday_status() { cat "$EVERYDAY/$1/$2/status"; }

everyday_judge() { # everyday_judge I PEER OURS
	local i=$1 name=${use_names[$1]} wanted=${use_wanted[$1]} peer ours
	peer=$(everyday_normal peer "$i" "$2")
	ours=$(everyday_normal ours "$i" "$3")
	if [ "$wanted" != any ] && [ "$wanted" != "$(everyday_status peer "$i")" ]; then
		check_is "$name: by the peer alone" "status $wanted" "$peer"
	elif [ -n "${use_ours[i]}" ]; then
		check_is "$name (otherwise than the peer)" "${use_ours[i]}" "$(everyday_status ours "$i")"
		everyday_other=$((everyday_other + 1))
	elif [ "$wanted" = any ] && [ "$(everyday_status peer "$i")" != 0 ] && [ "$peer" != "$ours" ]; then
		check_is "$name (the peer cannot do it here)" 0 "$(everyday_status ours "$i")"
		everyday_other=$((everyday_other + 1))
	else
		check_is "$name" "$peer" "$ours"
		[ "$peer" != "$ours" ] || everyday_same=$((everyday_same + 1))
	fi
}

everyday() { # everyday PEER OURS
	local i peer
	everyday_same=0 everyday_other=0
	EVERYDAY=$(mktemp -d)
	everyday_lane peer "$1" &
	peer=$!
	everyday_lane ours "$2" &
	wait $peer $!
	for i in "${!use_names[@]}"; do everyday_judge "$i" "$1" "$2"; done
	echo "$everyday_same of ${#use_names[@]} as by $1, $everyday_other otherwise on purpose or further"
	[ -z "${EVERYDAY_KEEP:-}" ] || cp -r "$EVERYDAY" "$EVERYDAY_KEEP"
	rm -rf "$EVERYDAY"
}
