# shellcheck shell=bash
# What the gate's end-to-end tests share: an sshd with bare repositories, a gate under its lock-down
# with an own uid, and real git on both sides. Needs tests/lib/world.sh's private namespaces.
. "$(dirname "${BASH_SOURCE[0]}")/../lib/world.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/check.sh"
GATE_DIR=/tmp/gate
GATE_UID=1879048301
SSHD_PORT=2222
UPSTREAMS=/tmp/upstreams

git_defaults() {
	export HOME=/tmp/home
	mkdir -p $HOME
	git config --global user.name tester
	git config --global user.email tester@example.com
	git config --global init.defaultBranch main
	git config --global advice.detachedHead false
	git config --global safe.directory '*'
	git config --global gc.auto 0
}

# new_upstream NAME: a bare repository with one commit on main.
new_upstream() {
	git init -q --bare "$UPSTREAMS/$1.git"
	git clone -q "$UPSTREAMS/$1.git" "/tmp/beside-$1" 2>/dev/null
	echo "hello from $1" >"/tmp/beside-$1/README"
	git -C "/tmp/beside-$1" add README
	git -C "/tmp/beside-$1" commit -qm "first"
	git -C "/tmp/beside-$1" push -q origin HEAD:main
	git -C "$UPSTREAMS/$1.git" symbolic-ref HEAD refs/heads/main
}

start_sshd() {
	mkdir -p /tmp/sshd /run/sshd
	[ -e /tmp/sshd/host ] || ssh-keygen -q -t ed25519 -N '' -f /tmp/sshd/host
	[ -e /tmp/sshd/user ] || ssh-keygen -q -t ed25519 -N '' -f /tmp/sshd/user
	cp /tmp/sshd/user.pub /tmp/sshd/authorized
	cat >/tmp/sshd/config <<-END
		ListenAddress 127.0.0.1
		Port $SSHD_PORT
		HostKey /tmp/sshd/host
		AuthorizedKeysFile /tmp/sshd/authorized
		PidFile /tmp/sshd/pid
		PermitRootLogin prohibit-password
		PasswordAuthentication no
		StrictModes no
		UsePAM no
		AcceptEnv GIT_PROTOCOL
		MaxStartups 100
		LogLevel VERBOSE
		SetEnv GIT_CONFIG_GLOBAL=/tmp/upstream.gitconfig GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=*
	END
	sshd_again
}

# With the configuration that stands in /tmp/sshd. It listens when its pid is written.
sshd_again() { /usr/sbin/sshd -f /tmp/sshd/config -E /tmp/sshd/log && wait_for 60 test -s /tmp/sshd/pid; }

# What the upstream was asked so far.
upstream_sessions() { grep -c 'Starting session' /tmp/sshd/log; }

# Its processes, each a line: the one that listens, and one a connection. Only this test's: the pid namespace is its own.
upstream_processes() { pgrep -x -r D,R,S,T,t sshd; }
upstream_open() { echo $(($(upstream_processes | wc -l) - 1)); }

# With its sessions: the gate keeps a connection open, which would still be served.
stop_sshd() {
	local p
	for p in $(upstream_processes); do kill "$p"; done
	wait_for 60 not upstream_processes
	rm -f /tmp/sshd/pid
}

# Whether the upstream is done with every push that it was sent, also by who was killed since.
upstream_quiet() { ! pgrep -u root -f 'git[- ]receive-pack' >/dev/null; }

# gate_config NAME…: the policy and the credentials of these repositories. PUSH: their push rules,
# JSON; GATE_MORE: further members of the policy, with a comma in front.
gate_config() {
	local name sep='' push=${PUSH-}
	[ -n "$push" ] || push='{}'
	mkdir -p $GATE_DIR/{git,etc,creds}
	for name; do
		cp /tmp/sshd/user "$GATE_DIR/creds/$name-key"
		printf '[git.test]:%s %s\n' $SSHD_PORT "$(cut -d' ' -f1,2 /tmp/sshd/host.pub)" \
			>"$GATE_DIR/creds/$name-known_hosts"
		chmod 0400 "$GATE_DIR/creds/$name-key"
	done
	chown -R $GATE_UID:$GATE_UID $GATE_DIR/{git,etc,creds}
	grep -q ":$GATE_UID:" /etc/passwd ||
		echo "gate:x:$GATE_UID:$GATE_UID:gate:/tmp:/usr/sbin/nologin" >>/etc/passwd
	{
		printf '{"slug":"test","connect_timeout_s":60,"idle_timeout_s":%s,"repos":[' "${IDLE_S:-60}"
		for name; do
			printf '%s{"name":"%s","url":"ssh://root@git.test:%s%s/%s.git","user":"root",' \
				"$sep" "$name" $SSHD_PORT $UPSTREAMS "$name"
			printf '"host":"git.test","port":%s,"path":"%s/%s.git",' $SSHD_PORT $UPSTREAMS "$name"
			printf '"host_key":"%s","identity_slot":"REPO_%s_KEY","address":"127.0.0.1","push":%s}' \
				"$(cut -d' ' -f1,2 /tmp/sshd/host.pub)" "$name" "$push"
			sep=,
		done
		printf ']%s}\n' "${GATE_MORE:-}"
	} >$GATE_DIR/config.json
}

# start_gate [NAME=FILE…]: secrets to scan for.
start_gate() {
	: >$GATE_DIR/events
	python3 "$WORLD_TREE/tests/e2e/gate-monitor.py" "$WORLD_BIN/bottle-gate" $GATE_UID $GATE_DIR \
		$GATE_DIR/config.json "$@" 2>>$GATE_DIR/monitor.err &
	MONITOR=$!
	wait_for 120 grep -q '^ready\|^failed\|^ended' $GATE_DIR/events && grep -q '^ready' $GATE_DIR/events && return
	cat $GATE_DIR/events $GATE_DIR/gate.log $GATE_DIR/monitor.err
	return 1
}

stop_gate() {
	kill -TERM $MONITOR
	wait $MONITOR
}

# upstream_oid NAME REF: what the upstream has, or "none".
upstream_oid() { git -C "$UPSTREAMS/$1.git" rev-parse -q --verify "$2" || echo none; }

# gate_begin NAME…: everything, with a fresh upstream for each name.
gate_begin() {
	local name
	git_defaults
	mkdir -p $UPSTREAMS $GATE_DIR
	chmod 755 $GATE_DIR
	start_sshd
	for name; do new_upstream "$name"; done
	gate_config "$@"
}

# What is asked of a mirror after something broke.
commit() { git -C "$1" add -A && git -C "$1" commit -qm "${2:-change}"; } # commit DIR [MESSAGE]
same_refs() { [ "$(git ls-remote "git://127.0.0.1/$1.git")" = "$(git ls-remote "$UPSTREAMS/$1.git")" ]; }
no_quarantine() { [ -z "$(find "$GATE_DIR/git/$1.git/objects" -name 'tmp_*')" ]; }

# usable WHEN: what the upstream `demo` has is served, whole, and a push passes.
usable() {
	wait_for 60 upstream_quiet
	check "$1: refs are the upstream's" wait_for 60 same_refs demo
	rm -rf /tmp/usable
	check "$1: a clone is whole" eval 'git clone -q git://127.0.0.1/demo.git /tmp/usable && git -C /tmp/usable fsck --strict'
	date +%N >/tmp/usable/usable && commit /tmp/usable
	check "$1: a push is accepted" git -C /tmp/usable push -q origin HEAD:main
	check_is "$1: and is upstream" "$(git -C /tmp/usable rev-parse HEAD)" "$(upstream_oid demo refs/heads/main)"
	check "$1: nothing is left of what broke" wait_for 30 no_quarantine demo
}
