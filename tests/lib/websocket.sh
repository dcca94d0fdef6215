# shellcheck shell=bash
# An egress before an origin of WebSockets; needs check.sh, world.sh, egress.sh.
#
#	websocket_world		after egress_world: names, origin, routes, egress
#	socket URL [HEADER]… -- OPERATION…	as tests/lib/websocket.py says; by the proxy, unless PROXY is ""
#	heard, since N		how much the origin heard; what of it since then
#	refused SENTENCE URL [HEADER]… -- OPERATION…
#
# shellcheck disable=SC2034
websocket_world() {
	S=$API_TOKEN
	HALF=${S:0:20} REST=${S:20}
	WS=$WORLD_GRPC
	SEEN=$WORLD/log/websocket
	: >$SEEN
	inet /usr/bin/python3 -I "$WORLD_TREE/tests/lib/websocket.py" origin $WORLD_GRPC_IP $WORLD/pki/server.pem \
		$WORLD/pki/server.key $SEEN 2>$WORLD/log/websocket-origin </dev/null &
	disown
	wait_for 60 inet nc -z $WORLD_GRPC_IP 443
	for n in plain redact off idle; do
		printf 'host-record=%s.example.com,%s\n' $n $WORLD_GRPC_IP
	done >>$WORLD/dnsmasq.conf
	world_names_more

	egress_start "$(jq -cn --arg ws $WS '
		[{host: $ws, auth_scheme: "Bearer", auth_slot: "EGRESS_TOKEN_0", dlp: {outbound_on_match: "block"},
		  matches: [{methods: ["GET"], paths: ["/echo", "/headers", "/pieces", "/do", "/status"] | map({type: "prefix", value: .})}]},
		 {host: "plain.example.com", dlp: {outbound_on_match: "block"}},
		 {host: "redact.example.com", dlp: {outbound_on_match: "redact"}},
		 {host: "idle.example.com", limits: {idle_s: 4}},
		 {host: "off.example.com", dlp: {outbound_detectors: false, inbound_detectors: false}}]')"
}

socket() { agent env PROXY=${PROXY-$SIDECAR} CA=$EGRESS_DIR/bundle.pem timeout 200 \
	/usr/bin/python3 -I "$WORLD_TREE/tests/lib/websocket.py" agent "$@"; }
sum_of() { head -c $(($1 << 20)) /dev/zero | tr '\0' ' ' | sha256sum | head -c 16; }
heard() { wc -l <$SEEN; }
# What the origin heard since line N, but handshakes.
since() { tail -n +$(($1 + 1)) $SEEN | jq -r 'select(.op) | "\(.op) \(.text)"'; }
lines() { tr '\n' '|' <<<"$*" | sed 's/|$//'; }

# passes SENTENCE WANTED OPERATION…: what the agent hears, in the end
passes() { check_is "$1" "open - -|$2" "$(lines "$(socket wss://$WS/echo -- "${@:3}")")"; }
# refused SENTENCE URL OPERATION…: closed with 1008 and the rule; the origin got no part of it.
refused() {
	local before out
	before=$(heard)
	out=$(socket "${@:2}" | tail -n 2)
	check "$1 is refused" grep -qE '^close 1008 refused by egress, id [0-9a-f]{16}: [a-z_]+, rule .' <<<"$out"
	check "… and its id stands in the log" grep -q "$(grep -oE 'id [0-9a-f]{16}' <<<"$out" | cut -c4-)" $EGRESS_DIR/log
	case $(since $before) in *"$HALF"* | *"$REST"*) check "and nothing of it sent" false ;; esac
}
