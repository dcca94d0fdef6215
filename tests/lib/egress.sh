# shellcheck shell=bash
# One egress with an agent before it and the world behind it; needs world.sh and check.sh.
#
# The script's own network namespace is the sidecar's; "agent" is a namespace with one veth to it.
# The rules that send every TCP port to the proxy are made here: what netns/ makes has its own tests.
#
#	egress_world "$@"	namespaces, world, link (first line of a test)
#	egress_start JSON	policy's routes, a JSON list; waits for READY
#	EGRESS_MORE		members of the policy beside its routes, JSON (limits, proxy)
#	EGRESS_SECRETS		more of what is handed over: an array of NAME=FILE
#	egress_reload JSON	another list; prints the answer
#	egress_stop		ends it and its monitor; egress_start may follow
#	agent COMMAND…		in the agent's namespace
#	proxied CURL-ARGUMENTS…	curl by way of the proxy, trusting the bottle's CA
#	direct CURL-ARGUMENTS…	curl without a proxy
#
# shellcheck disable=SC2034
EGRESS_DIR=/run/egress EGRESS_SECRETS=()
EGRESS_UID=1879048301
SIDECAR=198.19.255.1
AGENT_IP=198.19.255.2

egress_world() {
	world_enter "$@"
	world_start || skip "the world does not start"
	mkdir -p $EGRESS_DIR
	egress_link
	egress_ca
	mkdir -m 700 $EGRESS_DIR/cache
	API_TOKEN=$(world_secret API_TOKEN)
	mkdir -p /etc/netns/agent
	printf 'nameserver %s\n' $SIDECAR >/etc/netns/agent/resolv.conf
	cat /etc/ssl/certs/ca-certificates.crt $EGRESS_DIR/ca.pem >$EGRESS_DIR/bundle.pem
}

egress_link() {
	ip netns add agent
	ip link add bottle0 type veth peer name eth0 netns agent
	ip addr add $SIDECAR/30 dev bottle0
	sysctl -qw net.ipv4.conf.bottle0.rp_filter=0 net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.ip_forward=0 2>/dev/null
	ip link set bottle0 up
	ip netns exec agent sh -c "ip link set lo up; ip link set eth0 up
		ip addr add $AGENT_IP/30 dev eth0; ip route add default via $SIDECAR"
	ip rule add pref 5 iif bottle0 lookup 100
	ip route add local default dev lo table 100
	nft -f - <<-NFT
		table inet bottle {
			chain pre {
				type filter hook prerouting priority mangle
				iifname "bottle0" meta l4proto tcp tproxy ip to :9099 accept
			}
		}
	NFT
}

egress_ca() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -sha256 \
		-subj '/CN=Bottle Test CA' -keyout $EGRESS_DIR/ca.key -out $EGRESS_DIR/ca.pem 2>/dev/null
}

egress_config() {
	jq -n --argjson routes "$1" --argjson log "${EGRESS_LOG:-1}" --argjson more "${EGRESS_MORE:-{\}}" --arg s $SIDECAR --arg a $AGENT_IP \
		'{log: $log, slug: "test", sidecar_address: $s, agent_address: $a,
		  agent_names: ["agent"], routes: $routes} + $more' >$EGRESS_DIR/config
}

egress_start() {
	egress_config "$1"
	: >$EGRESS_DIR/events
	/usr/bin/python3 -IS "$WORLD_TREE/tests/lib/egress_monitor.py" "$WORLD_BIN/bottle-egress" \
		$EGRESS_UID $EGRESS_DIR bottle0 CA_CERT=$EGRESS_DIR/ca.pem CA_KEY=$EGRESS_DIR/ca.key \
		EGRESS_TOKEN_0="$BOTTLE_HOME/secrets/API_TOKEN" "${EGRESS_SECRETS[@]}" >>$EGRESS_DIR/monitor.log 2>&1 </dev/null &
	EGRESS_MONITOR=$!
	disown
	wait_for 200 egress_settled # rules are compiled, which is work
	grep -q '^ready' $EGRESS_DIR/events || {
		cat $EGRESS_DIR/events; tail -n 20 $EGRESS_DIR/log $EGRESS_DIR/monitor.log
		exit 1
	}
}

# It has said something, or the monitor is gone.
egress_settled() {
	grep -qE '^(ready|failed|ended)' $EGRESS_DIR/events || ! kill -0 $EGRESS_MONITOR
}

# Its monitor has gone, too: who begins another one binds the same ports.
egress_stop() {
	kill -TERM $EGRESS_MONITOR
	wait_for 60 not kill -0 $EGRESS_MONITOR
}

egress_events() { grep -c "^$1" $EGRESS_DIR/events; }

more_events() { [ "$(egress_events "$1")" -gt "$2" ]; }

egress_reload() {
	local before
	before=$(egress_events reloaded)
	egress_config "$1"
	kill -HUP $EGRESS_MONITOR
	wait_for 60 more_events reloaded "$before"
	grep '^reloaded' $EGRESS_DIR/events | tail -n 1
}

# Killed as by the kernel, then started anew by its monitor with the same CA.
egress_crash() {
	local before
	before=$(egress_events ready)
	kill -USR1 $EGRESS_MONITOR
	wait_for 60 more_events ready "$before"
}

egress_pid() { cat $EGRESS_DIR/pid; }

agent() { ip netns exec agent env -u http_proxy -u https_proxy "$@"; }

proxied() {
	agent curl -sS -m 100 --noproxy '' -x http://$SIDECAR:9099 --cacert $EGRESS_DIR/bundle.pem "$@"
}

direct() { agent curl -sS -m 100 --noproxy '*' --cacert $EGRESS_DIR/bundle.pem "$@"; }

# raw BYTES…: sends them (printf escapes) to the proxy in one piece, as bash would not into a pipe, and prints all that
# comes back.
raw() {
	local bytes
	bytes=$(mktemp $EGRESS_DIR/raw.XXXXXX)
	printf "$@" >"$bytes"
	agent timeout 100 nc -N -w 60 $SIDECAR 9099 <"$bytes"
	rm "$bytes"
}

route() { # route HOST [jq filter on it]
	jq -cn --arg h "$1" "[{host: \$h} | ${2:-.}]"
}
