# shellcheck shell=bash
# wait_for SECONDS COMMAND…: polls until the command succeeds; false when the time is over, which is
# WORLD_SLOW times as long on a machine that is so slow. What has come is noticed at once, so let the
# time be long (30): a loaded machine takes it, and only a failure waits for its end.
wait_for() {
	local until=$((SECONDS + $1 * ${WORLD_SLOW:-1}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		read -rt 0.02 <> <(:) || :
	done
}
