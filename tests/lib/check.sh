# shellcheck shell=bash
# What tests say. Each check is a sentence; finish gives the test program's exit status. What a test made up as a
# secret is in no output of it, also when a check fails that looked for it: see hide.
checks_failed=0 checks_done=0

checks_hidden() { echo "${WORLD:-${TMPDIR:-/tmp}}/hidden"; }

# hide VALUE…: from here on whatever a check says has stars instead of it, of either of its halves and of its base64.
# world_secret has done so.
hide() {
	local v
	for v; do
		printf '%s\n' "$v" "$(printf '%s' "$v" | base64 -w0)"
		[ ${#v} -lt 16 ] || printf '%s\n' "${v:0:${#v}/2}" "${v:${#v}/2}"
	done >>"$(checks_hidden)"
}

# random CHARACTERS N: N of them, made up; hidden, since that is what tokens are made of.
random() {
	local v
	v=$(head -c $((64 + 64 * $2)) /dev/urandom | base64 -w0 | tr -dc "$1" | head -c "$2")
	hide "$v"
	printf '%s' "$v"
}

# hide_lines FILE…: as hide, each line that they have when something is said.
checks_hidden_lines=()
hide_lines() { checks_hidden_lines+=("$@"); }

# … | without_hidden: what a test shows of logs and answers.
without_hidden() {
	cat "$(checks_hidden)" "${checks_hidden_lines[@]}" 2>/dev/null | sort -u >"$(checks_hidden).all"
	awk -v hidden="$(checks_hidden).all" '
		BEGIN { while ((getline line <hidden) > 0) if (length(line) > 4) list[++n] = line }
		{ for (k = 1; k <= n; k++) while ((i = index($0, list[k])) > 0)
			$0 = substr($0, 1, i - 1) "****" substr($0, i + length(list[k]))
		  print }'
}

# check SENTENCE COMMAND…: the sentence holds when the command succeeds.
check() {
	local what=$1
	shift
	checks_done=$((checks_done + 1))
	if "$@" >"${TMPDIR:-/tmp}/check.out" 2>&1; then
		echo "ok: $what"
	else
		checks_failed=$((checks_failed + 1))
		echo "NOT OK: $what"
		printf '    command: %s\n' "$*" | without_hidden
		sed 's/^/    /' "${TMPDIR:-/tmp}/check.out" | tail -n 20 | without_hidden
	fi
}

# check_is SENTENCE WANTED FOUND
check_is() {
	local what=$1
	checks_done=$((checks_done + 1))
	if [ "$2" = "$3" ]; then
		echo "ok: $what"
	else
		checks_failed=$((checks_failed + 1))
		printf 'NOT OK: %s\n    wanted: %s\n    found:  %s\n' "$what" "$2" "$3" | without_hidden
	fi
}

# check_has SENTENCE WANTED-PART TEXT
check_has() {
	local what=$1
	checks_done=$((checks_done + 1))
	case $3 in
	*"$2"*) echo "ok: $what" ;;
	*)
		checks_failed=$((checks_failed + 1))
		printf 'NOT OK: %s\n    wanted a part: %s\n    found: %s\n' "$what" "$2" "$3" | without_hidden
		;;
	esac
}

# status_of COMMAND…: prints the exit status.
status_of() { "$@" >"${TMPDIR:-/tmp}/status.out" 2>&1; echo $?; }

skip() { echo "$*"; exit 77; }

finish() {
	[ $checks_done -gt 0 ] || { echo "nothing was checked"; exit 1; }
	echo "$((checks_done - checks_failed)) of $checks_done hold"
	[ $checks_failed = 0 ]
	exit
}
