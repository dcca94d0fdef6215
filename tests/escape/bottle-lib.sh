# shellcheck shell=bash
# For escape tests on real bottles: the small world, a bottle of it, an ordinary container beside it
# as the control, and a sniffer where the internet begins.
. tests/lib/world.sh
. tests/lib/check.sh
. tests/lib/bundle.sh

ATTACK=$PWD/tests/lib/attack.py
PLAIN="tcp tcp-dns udp udp-dns sctp multicast broadcast ipv6 tcp-gateway udp-gateway udp-metadata"
RAW="icmp gre ipip fragment broadcast-frame ipv6-frame forged-udp-closed forged-echo forged-syn"

escape_world() {
	world_enter "$@"
	[ -x "$WORLD_BIN/bottle-shim" ] || { echo "$WORLD_BIN/bottle-shim is missing"; exit 1; }
	world_start || { echo "the world did not start"; exit 1; }
	world_repo app
	[ -z "${ROOTLESS:-}" ] || escape_rootless
	token=$(world_secret API_TOKEN)
	world_bottle work app
	[ -z "${ROOTLESS:-}" ] || rootless_own
}

# With ROOTLESS set the bottle is an ordinary user's; all else, the control too, stays root's.
escape_rootless() {
	. tests/lib/rootless.sh
	command -v newuidmap >/dev/null && command -v pasta >/dev/null || skip "no newuidmap or no pasta"
	rootless_world
	bottle_shim() { as_user bottle-shim "$@"; }
}

bottle_shim() { shim "$@"; }

# The bundle of both: the host's programs, and the attacks in /opt.
escape_bundle() { # escape_bundle DIR COMMAND…
	local dir=$1
	bundle_host "$@"
	mkdir -p "$dir/rootfs/opt"
	cp "$ATTACK" "$dir/rootfs/opt/attack.py"
}

# Container `bottle`, in the bottle `work`.
start_bottle() {
	escape_bundle /tmp/bottle sleep 100000
	if [ -n "${ROOTLESS:-}" ]; then
		bundle_edit /tmp/bottle 'del(.linux.cgroupsPath)' && chown -R $ROOTLESS_UID:$ROOTLESS_GID /tmp/bottle
	fi
	bottle_shim --bottle work create --bundle /tmp/bottle bottle </dev/null && bottle_shim start bottle
}

# Container `plain`: the same program, the host's network, no bottle.
start_plain() {
	escape_bundle /tmp/plain sleep 100000
	bundle_edit /tmp/plain 'del(.linux.namespaces[] | select(.type == "network"))'
	shim create --bundle /tmp/plain plain </dev/null && shim start plain
}

agent() { bottle_shim exec bottle "$@" </dev/null; }
plain() { shim exec plain "$@" </dev/null; }

start_both() {
	check "a bottle runs" start_bottle
	check "an ordinary container runs" start_plain
	[ $checks_failed = 0 ] || finish
}

watch_world() {
	local fd
	: >/run/seen
	exec {fd}< <(exec ip netns exec internet /usr/bin/python3 "$ATTACK" sniff wan1 /run/seen)
	read -r _ <&$fd || { echo "no sniffer"; exit 1; }
}

# Everything sent before has been seen when a frame of our own has.
settle() {
	local before
	before=$(grep -c 'frame 88b5' /run/seen)
	/usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("wan0", 0))
s.send(b"\xff" * 6 + s.getsockname()[4] + b"\x88\xb5" + b"end")'
	wait_for 30 more_ends "$before"
}
more_ends() { [ "$(grep -c 'frame 88b5' /run/seen)" -gt "$1" ]; }

# attack WHO KIND: how many marks, or frames to the victim, got out; words when it was not tried.
attack() {
	local before
	before=$(got_out)
	"$1" env ATTACK_WORLD=$WORLD_OTHER_IP ATTACK_TIMEOUT=1 /usr/bin/python3 /opt/attack.py "$2" >/run/attack.out 2>&1
	grep -q -e "^sent $2" -e "^refused $2" /run/attack.out || { echo "not tried"; return; }
	settle || { echo "the sniffer is blind"; return; }
	echo $(($(got_out) - before))
}
got_out() { grep -c -e MARK -e "$WORLD_OTHER_IP" /run/seen; }
more_out() { [ "$(got_out)" -gt "$1" ]; }
# seen_out WHO KIND: the control. What went another way than settle's frame may come after it.
seen_out() {
	local before
	before=$(got_out)
	[ "$(attack "$@")" != "not tried" ] && wait_for 30 more_out "$before"
}
