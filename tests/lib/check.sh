# shellcheck shell=bash
# What tests say. Each check is a sentence; finish gives the test program's exit status.
checks_failed=0 checks_done=0

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
		printf '    command: %s\n' "$*"
		sed 's/^/    /' "${TMPDIR:-/tmp}/check.out" | tail -n 20
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
		printf 'NOT OK: %s\n    wanted: %s\n    found:  %s\n' "$what" "$2" "$3"
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
		printf 'NOT OK: %s\n    wanted a part: %s\n    found: %s\n' "$what" "$2" "$3"
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
