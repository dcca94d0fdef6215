# shellcheck shell=bash
# Real clients in front of an egress, each with nothing but the environment and the files that a
# bottle gives it; needs check.sh, world.sh, egress.sh.
#
#	clients_world "$@"	the egress's world, and an origin that speaks everything ($ALL)
#	needs PROGRAM…		or the test is skipped
#	row CLIENT WAY PROTOCOL FUNCTION
#		WAY: explicit (the proxy variables), socks (they name a SOCKS5 proxy), transparent (there
#		are none). FUNCTION PATH SECRET does one request, with a secret of the bottle in it where
#		SECRET is not "", and prints the status that the client was told (403, too, for a refusal
#		that it tells in its own words: `told`). PROTOCOL is what the origin must have seen.
#	row_is …		the same for what was done already
#	in_bottle COMMAND…	as the agent would run it, in the way $WAY
#	clients_finish		the table, as figures; then finish
#
# shellcheck disable=SC2034
ALL=$WORLD_ALL
TWO=HTTP/2 # what a client of HTTP/2 arrives as
ALL_URL=https://$ALL
PLAIN_URL=http://plain.$ALL
CLIENTS=$WORLD/clients
rows=0

clients_world() {
	egress_world "$@"
	mkdir -p $CLIENTS/files $CLIENTS/home
	clients_origin
	clients_trust
	egress_start "$(clients_routes)"
}

clients_routes() {
	jq -cn --arg all $ALL --arg grpc $WORLD_GRPC '
		{auth_scheme: "Bearer", auth_slot: "EGRESS_TOKEN_0", token_ref: "API_TOKEN"} as $auth |
		{dlp: {outbound_on_match: "block"}} as $block |
		[$auth + $block + {host: $all, git_fetch: true}, $auth + $block + {host: $grpc},
		 $block + {host: "plain.\($all)"}, {host: "quiet.example.com", dlp: {outbound_detectors: false}}]'
}

clients_origin() {
	mkfifo $CLIENTS/ready
	: >$CLIENTS/seen
	inet /usr/bin/python3 -I "$WORLD_TREE/tests/lib/origin_all.py" $WORLD/pki/server.pem \
		$WORLD/pki/server.key $CLIENTS/seen $CLIENTS/files $WORLD/git $WORLD_ALL_IP $WORLD_GRPC_IP \
		>$CLIENTS/ready 2>$WORLD/log/origin-all </dev/null &
	disown
	read -rt 30 _ <$CLIENTS/ready || {
		cat $WORLD/log/origin-all
		skip "the origin for all protocols does not start: $(tail -n 1 $WORLD/log/origin-all)"
	}
}

# The files of a bottle that say whom to trust, as they are mounted over the image's own.
clients_trust() {
	TRUST=/etc/ssl/certs/ca-certificates.crt
	cat >$CLIENTS/enter <<-SH
		#!/bin/sh
		mount --bind $EGRESS_DIR/bundle.pem $TRUST
		exec "\$@"
	SH
	chmod 755 $CLIENTS/enter
}

# A store for Java with the bottle's authority, mounted over Java's own as a bottle's is. Java opens it without
# a password: nothing in it may need one.
clients_java_trust() {
	local store
	store=$(readlink -f "$(dirname "$(readlink -f "$(command -v java)")")/../lib/security/cacerts")
	keytool -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE -J-Dkeystore.pkcs12.macAlgorithm=NONE \
		-importcert -noprompt -trustcacerts -alias bottle -file $EGRESS_DIR/ca.pem \
		-keystore $CLIENTS/cacerts -storetype PKCS12 -storepass changeit >/dev/null 2>&1 ||
		skip "keytool makes no store"
	sed -i "2i mount --bind $CLIENTS/cacerts $store" $CLIENTS/enter
}

# The variables of bundle/plan_env.c and bundle/plan_trust.c.
clients_environment() {
	local name proxy=http://egress:9099
	[ "$WAY" != socks ] || proxy=socks5h://egress:9099
	for name in SSL_CERT_FILE NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO \
		PIP_CERT CARGO_HTTP_CAINFO AWS_CA_BUNDLE DENO_CERT CODEX_CA_CERTIFICATE \
		GRPC_DEFAULT_SSL_ROOTS_FILE_PATH; do
		echo "$name=$TRUST"
	done
	[ "$WAY" != transparent ] || return 0
	for name in HTTP_PROXY HTTPS_PROXY http_proxy https_proxy; do
		echo "$name=$proxy"
	done
	echo NO_PROXY=localhost,127.0.0.1,supervise,git-gate
	echo no_proxy=localhost,127.0.0.1,supervise,git-gate
}

# Its own variables (NAME=VALUE in front of COMMAND) come last: a test's paths, never a setting.
in_bottle() {
	local environment
	mapfile -t environment < <(clients_environment)
	ip netns exec agent env -i "PATH=$PATH" LC_ALL=C.UTF-8 HOME=$CLIENTS/home TMPDIR=/tmp \
		"${environment[@]}" timeout -k 5 $((60 * ${WORLD_SLOW:-1})) $CLIENTS/enter "$@"
}

needs() {
	local p
	for p; do
		command -v "$p" >/dev/null || skip "there is no $p on this machine"
	done
}

# told TEXT: the status that a client tells in its own words; without one, its last ones.
told() {
	if grep -qw 403 <<<"$1"; then echo 403; else echo "${1##*$'\n'}"; fi
}

# seen_of PART [BUT]: the protocols in which paths with PART (and without BUT) arrived.
seen_of() {
	jq -rs --arg p "$1" --arg but "${2:-/never/}" '[.[] |
		select((.path | contains($p)) and (.path | contains($but) | not)) | .protocol] |
		reduce .[] as $x ([]; if index($x) then . else . + [$x] end) | join(" + ")' $CLIENTS/seen
}

credentials_of() {
	jq -rs --arg p "$1" --arg t "Bearer $API_TOKEN" '[.[] | select((.path | contains($p)) and
		.protocol != "WebSocket")] | if all(.headers.authorization == $t) then "credential"
		else "none" end' $CLIENTS/seen
}

# take_way WAY: where the way is a proxy, nothing but the sidecar has a route.
take_way() {
	WAY=$1
	if [ "$WAY" = transparent ]; then
		ip -n agent route replace default via $SIDECAR
	else
		ip -n agent route del default 2>/dev/null
	fi
}

row() {
	local path out leak
	take_way "$2"
	rows=$((rows + 1))
	path=/row-$rows-
	: >$CLIENTS/said
	out=$("$4" $path "" 2>>$CLIENTS/said)
	leak=$("$4" ${path}leak "$API_TOKEN" 2>>$CLIENTS/said)
	row_is "$1" "$2" "$3" "$out" "$(seen_of ${path#/} ${path#/}leak)" "$leak" "$(seen_of ${path#/}leak)"
}

# row_is CLIENT WAY PROTOCOL STATUS SEEN STATUS-WITH-SECRET SEEN-WITH-SECRET
row_is() {
	local before=$checks_failed handshake=
	check_is "$1, $2, arrives as $3" "200 $3" "$4 $5"
	case $3 in *WebSocket) handshake=HTTP/1.1 ;; esac # it had no secret in it yet
	check_is "… and with a secret nowhere" "403 $handshake" "$6 $7"
	[ $checks_failed = $before ] || tail -n 10 $CLIENTS/said
	printf 'figure: %-28s %-12s %-22s %s\n' "$1" "$2" "$5" "secret: $6" >>$CLIENTS/table
}

clients_finish() {
	check_is "no secret of the bottle was seen but where the route adds it" 0 "$(jq -s --arg t "$API_TOKEN" \
		'[.[] | select(del(.headers.authorization) | tostring | contains($t))] | length' $CLIENTS/seen)"
	cat $CLIENTS/table
	finish
}
