# shellcheck shell=bash
# For the network's escape tests: a sidecar with a world behind it, an agent in a user namespace of
# its own that has every capability there (more than a bottle's agent gets), and a sniffer outside.
. tests/lib/netns.sh

ATTACK=$PWD/tests/lib/attack.py
PLAIN="tcp tcp-dns udp udp-dns sctp multicast broadcast ipv6 tcp-gateway udp-gateway udp-metadata"
RAW="icmp gre ipip fragment broadcast-frame ipv6-frame"
FORGED="forged-udp-closed forged-udp-any forged-echo forged-echo-outside forged-proto forged-syn
	forged-syn-open forged-ack forged-neighbour forged-itself forged-loopback"


# The bottle's network as the monitor makes it, sealed, with its listeners.
make_bottle() {
	make_sidecar sidecar
	make_agent agent
	"$NETNS" link $RUN/sidecar $RUN/agent || die "no link"
	make_outside sidecar
	"$NETNS" seal $RUN/sidecar || die "no seal"
	serve sidecar tcp:9099:any tcp:9418 tcp:9420 udp:53
}

# What arrives in the world by a device is noted in /run/seen from now on.
watch_world() { # watch_world DEVICE
	local fd
	exec {fd}< <(exec /usr/bin/python3 "$ATTACK" sniff "$1" /run/seen)
	read -r _ <&$fd || die "no sniffer"
}

# attack CMD… KINDS: runs the kinds by CMD (in_agent agent, …), prints how many marks got out.
attack() {
	local before
	before=$(grep -c MARK /run/seen)
	"$@" >/run/attack.out 2>&1
	settle
	echo $(($(grep -c MARK /run/seen) - before))
}

# A frame sent by us through the same device, seen by the sniffer, comes after all of the attack's.
settle() {
	local before
	before=$(grep -c 'frame 88b5' /run/seen)
	in_ns "$outside_ns" /usr/bin/python3 -c '
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("eth0", 0))
s.send(b"\xff" * 6 + s.getsockname()[4] + b"\x88\xb5" + b"end")' || die "no frame"
	wait_for 30 more_ends "$before" || die "the sniffer is blind"
}

# The control of an attack: got_out CMD… KIND. What went another way than settle's frame may come after it.
got_out() {
	local before
	before=$(grep -c MARK /run/seen)
	attack "$@" >/dev/null
	wait_for 30 more_marks "$before"
}
more_marks() { [ "$(grep -c MARK /run/seen)" -gt "$1" ]; }

more_ends() {
	[ "$(grep -c 'frame 88b5' /run/seen)" -gt "$1" ]
}
