# shellcheck shell=bash
# A small world for demo, end-to-end and escape tests, in namespaces of its own:
#
#	this script's network namespace ("host": bottle-shim runs here)  ──wan0──  "internet"
#
# The internet has an sshd with git repositories (branch main), an origin that speaks HTTPS and
# HTTP and records what it saw, a second origin that no bottle allows, and a name server that logs
# what it is asked. Its addresses look public and are routed nowhere else. Everything below /run,
# /etc, /tmp and /dev is private to the script, so that nothing is left when it ends, however it ends.
#
#	. tests/lib/world.sh
#	world_enter "$@"        # first of all: the script starts again, inside (or, where WORLD_MACHINE
#	                        # says that the machine is the test's own, stays where it is)
#	world_start             # variables below are set, everything is listening
#
. "$(dirname "${BASH_SOURCE[0]}")/wait.sh"
# shellcheck disable=SC2034
WORLD=/run/world
WORLD_TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
WORLD_BIN=${BUILD:-$WORLD_TREE/build}/bin
case $WORLD_BIN in /*) ;; *) WORLD_BIN=$PWD/$WORLD_BIN ;; esac

WORLD_HOST_IP=11.22.0.2     WORLD_GATEWAY_IP=11.22.0.1
WORLD_GIT=git.example.com   WORLD_GIT_IP=11.22.33.10
WORLD_API=api.example.com   WORLD_API_IP=11.22.33.20
WORLD_OTHER=other.example.net WORLD_OTHER_IP=11.22.33.30
WORLD_ALL=all.example.com   WORLD_ALL_IP=11.22.33.40
WORLD_GRPC=grpc.example.com WORLD_GRPC_IP=11.22.33.41
WORLD_DNS_IP=11.22.33.53

# Runs the script again in new mount, network, pid and ipc namespaces. An inherited marker is no
# proof: the mount namespace must differ from the one that was noted outside.
world_enter() {
	if [ "$(id -u)" != 0 ]; then
		echo "needs root: it makes namespaces and runs containers"
		exit 77
	fi
	local here
	if [ -n "${WORLD_MACHINE:-}" ]; then
		world_machine
		return
	fi
	here=$(readlink /proc/self/ns/mnt)
	if [ -n "${WORLD_OUTSIDE:-}" ] && [ "$WORLD_OUTSIDE" != "$here" ] && [ $$ = 1 ]; then
		world_private
		return
	fi
	WORLD_OUTSIDE=$here exec unshare --mount --net --pid --ipc --fork --kill-child \
		--mount-proc --propagation private "$0" "$@"
}

# A virtual machine that ends with the test is a world already, and its systemd must be reached.
world_machine() {
	export LC_ALL=C HOME=$WORLD/home WORLD WORLD_CGROUP=world
	mkdir -p $WORLD/log $WORLD/home
	export PATH="$WORLD_BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

# Private /run, /tmp, /etc and /dev: what a program under test does to them hurts nobody.
world_private() {
	trap world_end EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	umask 022
	world_environment
	mount -t tmpfs -o mode=755 world-run /run
	mkdir -p $WORLD/etc.upper $WORLD/etc.work $WORLD/log $WORLD/home /run/sshd /run/netns
	world_tmp
	world_programs
	mount -t overlay -o lowerdir=/etc,upperdir=$WORLD/etc.upper,workdir=$WORLD/etc.work world-etc /etc
	# A login runs no start-up file of the machine's root: it may wait for locks of its own.
	sed -i "s|^root:\([^:]*:0:0:[^:]*\):.*|root:\1:$WORLD/home:/bin/sh|" /etc/passwd
	mount -t tmpfs -o mode=700 world-var /var/lib/bot-bottle 2>/dev/null || :
	world_dev
	export HOME=$WORLD/home BOTTLE_HOME=$WORLD/home/.bot-bottle TMPDIR=/tmp
	mkdir -m 700 -p $BOTTLE_HOME $BOTTLE_HOME/bottles $BOTTLE_HOME/agents $BOTTLE_HOME/secrets
	export WORLD WORLD_CGROUP
	WORLD_CGROUP=bottle-world-$(readlink /proc/self/ns/mnt | tr -dc 0-9)
	ip link set lo up
}

# What belongs to a login, to a network with a proxy or to a git hook that runs the tests says nothing here.
world_environment() {
	local n
	for n in $(compgen -e); do
		case $n in
		*_proxy | *_PROXY | AWS_* | CARGO_* | CURL_* | DENO_* | GIT_* | GO[A-Z]* | GRPC_* | JAVA_* | JDK_* | NODE_* | NPM_* | npm_* | \
			PIP_* | PYTHON* | REQUESTS_* | SSH_* | SSL_* | XDG_* | LANG* | LC_* | TZ | CDPATH | POSIXLY_CORRECT | \
			CREDENTIALS_DIRECTORY | NOTIFY_SOCKET) unset -v "$n" ;;
		esac
	done
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C PYTHONDONTWRITEBYTECODE=1
}

# The programs where every user can reach them: a clone in a home directory (0700) is root's alone.
world_programs() {
	if [ -d "$WORLD_BIN" ]; then
		mkdir $WORLD/bin
		mount --bind "$WORLD_BIN" $WORLD/bin
		WORLD_BIN=$WORLD/bin
	fi
	export PATH="$WORLD_BIN:$PATH"
}

# An empty /tmp, in which the tree and what was built stay visible where they live there.
world_tmp() {
	local p
	mkdir $WORLD/outside
	mount --bind /tmp $WORLD/outside
	mount -t tmpfs -o mode=1777 world-tmp /tmp
	for p in "$WORLD_TREE" "${WORLD_BIN%/bin}"; do
		case $p in
		/tmp/*) mkdir -p "$p" && mount --bind "$WORLD/outside/${p#/tmp/}" "$p" ;;
		esac
	done
	umount $WORLD/outside
	rmdir $WORLD/outside
}

world_dev() {
	local dev=$WORLD/dev n
	mkdir $dev
	mount -t tmpfs -o mode=755 world-dev $dev
	for n in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 kmsg:1:11 fuse:10:229; do
		IFS=: read -r name major minor <<<"$n"
		mknod -m 666 "$dev/$name" c "$major" "$minor"
	done
	mkdir $dev/pts $dev/shm $dev/net $dev/mqueue
	mknod -m 666 $dev/net/tun c 10 200
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts $dev/pts
	mount -t tmpfs -o mode=1777 shm $dev/shm
	ln -s pts/ptmx $dev/ptmx
	ln -s /proc/self/fd $dev/fd
	ln -s /proc/self/fd/0 $dev/stdin
	ln -s /proc/self/fd/1 $dev/stdout
	ln -s /proc/self/fd/2 $dev/stderr
	mount --move $dev /dev
}

# Processes and mounts go with the namespaces; control groups are the machine's.
world_end() {
	local rc=$? d
	trap - EXIT
	set +e
	[ $$ != 1 ] || kill -KILL -1 2>/dev/null
	wait 2>/dev/null
	# A group is empty when its last process is gone, not when that was killed.
	[ $$ != 1 ] || wait_for 10 world_is_empty
	find /sys/fs/cgroup -depth -type d -path "*/$WORLD_CGROUP*" 2>/dev/null | while read -r d; do
		rmdir "$d" 2>/dev/null
	done
	exit $rc
}

world_is_empty() {
	set -- /proc/[0-9]* # in this very process
	[ $# = 1 ]
}

world_start() {
	world_links && world_certificates && world_names && world_sshd && world_origins
}

inet() { ip netns exec internet "$@"; }

world_links() {
	ip netns add internet
	ip link add wan0 type veth peer name wan1 netns internet
	ip addr add $WORLD_HOST_IP/30 dev wan0
	ip link set wan0 up
	inet sh -c "
		ip link set lo up; ip link set wan1 up; ip addr add $WORLD_GATEWAY_IP/30 dev wan1
		for a in $WORLD_GIT_IP $WORLD_API_IP $WORLD_OTHER_IP $WORLD_ALL_IP $WORLD_GRPC_IP \
			$WORLD_DNS_IP; do
			ip addr add \$a/32 dev lo
		done"
	ip route add default via $WORLD_GATEWAY_IP
	rm -f /etc/resolv.conf
	printf 'nameserver %s\n' $WORLD_DNS_IP >/etc/resolv.conf
	printf '127.0.0.1 localhost %s\n' "$(uname -n)" >/etc/hosts
}

# A private authority, in the host's trust store as an administrator would put it there.
world_certificates() {
	local pki=$WORLD/pki n
	mkdir -m 700 $pki
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -sha256 \
		-subj '/CN=World Test CA' -keyout $pki/ca.key -out $pki/ca.pem 2>/dev/null
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$WORLD_API" \
		-keyout $pki/server.key -out $pki/server.csr 2>/dev/null
	printf 'subjectAltName=%s\n' "DNS:$WORLD_API,DNS:*.example.com,DNS:$WORLD_OTHER" >$pki/ext
	openssl x509 -req -in $pki/server.csr -CA $pki/ca.pem -CAkey $pki/ca.key -CAcreateserial \
		-days 2 -sha256 -extfile $pki/ext -out $pki/server.pem 2>/dev/null
	mkdir -p /etc/ssl/certs
	cat $pki/ca.pem >>/etc/ssl/certs/ca-certificates.crt
	n=$(openssl x509 -in $pki/ca.pem -noout -subject_hash)
	cp $pki/ca.pem "/etc/ssl/certs/$n.0"
}

world_names() {
	cat >$WORLD/dnsmasq.conf <<-CONF
		port=53
		listen-address=$WORLD_DNS_IP
		bind-interfaces
		no-resolv
		no-hosts
		user=root
		log-queries
		log-facility=$WORLD/log/dns
		pid-file=$WORLD/dnsmasq.pid
		host-record=$WORLD_GIT,$WORLD_GIT_IP
		host-record=$WORLD_API,$WORLD_API_IP
		host-record=$WORLD_OTHER,$WORLD_OTHER_IP
		host-record=$WORLD_ALL,plain.$WORLD_ALL,quiet.example.com,$WORLD_ALL_IP
		host-record=$WORLD_GRPC,$WORLD_GRPC_IP
		host-record=private.example.com,10.9.8.7
		host-record=metadata.example.com,169.254.169.254
		host-record=loopback.example.com,127.0.0.1
	CONF
	inet dnsmasq -C $WORLD/dnsmasq.conf
}

# world_names_more LINE…: lines of dnsmasq.conf, in force when this returns (it listens before it goes to the background).
world_names_more() {
	local pid
	[ $# = 0 ] || printf '%s\n' "$@" >>$WORLD/dnsmasq.conf
	pid=$(cat $WORLD/dnsmasq.pid)
	kill "$pid"
	wait_for 60 not kill -0 "$pid"
	inet dnsmasq -C $WORLD/dnsmasq.conf
}

# world_serve NAME PROGRAM.py ARGUMENTS…: a server of tests/lib in the internet; returns when it has said that it
# listens, and ends the test when it does not. What it says besides is in $WORLD/log/NAME.err.
world_serve() {
	mkfifo "$WORLD/$1.ready"
	inet /usr/bin/python3 -IS "$WORLD_TREE/tests/lib/$2" "${@:3}" \
		>"$WORLD/$1.ready" 2>>"$WORLD/log/$1.err" </dev/null &
	disown
	read -rt 60 _ <"$WORLD/$1.ready" || {
		echo "$2 does not listen"
		cat "$WORLD/log/$1.err"
		exit 1
	}
	rm "$WORLD/$1.ready"
}

# User git, whose only key is made here; repositories below /srv/git as seen through ssh.
world_sshd() {
	local d=$WORLD/ssh h=$WORLD/git
	mkdir -m 755 $d $h
	ssh-keygen -q -t ed25519 -N '' -C upstream -f $d/host_key
	ssh-keygen -q -t ed25519 -N '' -C gate -f $d/user_key
	printf 'git:x:1500:1500::%s:/bin/sh\n' $h >>/etc/passwd
	printf 'git:x:1500:\n' >>/etc/group
	printf 'git:*:19000:0:99999:7:::\n' >>/etc/shadow
	mkdir -m 700 $h/.ssh
	cp $d/user_key.pub $h/.ssh/authorized_keys
	chown -R git:git $h
	cat >$d/config <<-CONF
		ListenAddress $WORLD_GIT_IP:22
		HostKey $d/host_key
		PidFile $d/pid
		UsePAM no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		PrintMotd no
		UseDNS no
		MaxStartups 200
		LogLevel VERBOSE
	CONF
	WORLD_HOST_KEY=$(cut -d' ' -f1,2 $d/host_key.pub)
	WORLD_IDENTITY=$d/user_key
	inet /usr/sbin/sshd -f $d/config -E $WORLD/log/sshd
}

# With every session: the upstream is dead then, also for who keeps a connection open.
world_sshd_stop() {
	local p
	for p in $(ip netns pids internet); do
		[ "$(cat /proc/"$p"/comm 2>/dev/null)" != sshd ] || kill "$p" 2>/dev/null
	done
	wait_for 30 not test -e $WORLD/ssh/pid
}

world_sshd_again() { inet /usr/sbin/sshd -f $WORLD/ssh/config -E $WORLD/log/sshd; }

# Both origins are one process; its standard output says when it listens.
world_origins() {
	: >$WORLD/log/requests
	world_serve origin origin.py $WORLD/pki/server.pem $WORLD/pki/server.key $WORLD/log/requests \
		$WORLD_API_IP $WORLD_OTHER_IP
}

not() { ! "$@"; }

as_git() { HOME=$WORLD/git setpriv --reuid 1500 --regid 1500 --clear-groups -- "$@"; }

# world_repo NAME: an upstream repository with branch main and two commits. Its url: world_url NAME.
world_repo() {
	local bare=$WORLD/git/$1.git work=$WORLD/git/work/$1
	as_git git init -q --bare -b main "$bare"
	as_git git init -q -b main "$work"
	as_git git -C "$work" remote add origin "$bare"
	world_upstream_commit "$1" README "first"
	world_upstream_commit "$1" code.c 'int main(void) { return 0; }'
}

world_url() { echo "ssh://git@$WORLD_GIT$WORLD/git/$1.git"; }

# world_upstream_commit NAME FILE TEXT: a commit that did not come through the gate.
world_upstream_commit() {
	local work=$WORLD/git/work/$1
	as_git git -C "$work" pull -q --ff-only origin main 2>/dev/null || :
	printf '%s\n' "$3" | as_git tee "$work/$2" >/dev/null
	as_git git -C "$work" add "$2"
	as_git git -C "$work" -c user.name=Upstream -c user.email=up@example.com commit -q -m "Add $2"
	as_git git -C "$work" push -q origin HEAD:main
}

# world_upstream NAME GIT-ARGUMENTS…: asks the upstream repository itself.
world_upstream() {
	local bare=$WORLD/git/$1.git
	shift
	as_git git -C "$bare" "$@"
}

# world_secret NAME: a made-up token of 40 characters, in the operator's secrets; prints it. There is no q in it: behind
# a piece of it that was refused a "q" is no more of it, as any other letter now and then would be.
world_secret() {
	local v
	v=$(head -c 64 /dev/urandom | base64 -w0 | tr -dc a-pr-zA-PR-Z0-9 | cut -c1-40)
	(umask 077; printf '%s' "$v" >"$BOTTLE_HOME/secrets/$1")
	! declare -F hide >/dev/null || hide "$v"
	printf '%s\n' "$v"
}

# world_bottle NAME [REPO…]: a bottle with the allowed origin, its token API_TOKEN and the repos.
world_bottle() {
	local f=$BOTTLE_HOME/bottles/$1.md r
	shift
	{
		printf -- '---\negress:\n  routes:\n  - host: %s\n' $WORLD_API
		printf '    auth: {scheme: Bearer, token_ref: API_TOKEN}\n'
		[ $# = 0 ] || printf 'git-gate:\n  user: {name: Bottle, email: bottle@example.com}\n  repos:\n'
		for r; do
			printf '    %s:\n      url: %s\n' "$r" "$(world_url "$r")"
			printf '      host_key: %s\n' "$WORLD_HOST_KEY"
			printf '      identity: %s\n' "$WORLD_IDENTITY"
		done
		printf -- '---\nMade by a test.\n'
	} >"$f"
	chmod 600 "$f"
}

# What reached the origins: JSON lines {origin, tls, method, path, host, headers, body}.
world_requests() { cat $WORLD/log/requests; }

# Names that the name server was asked for, one a line.
world_queries() { sed -n 's/.*query\[[A-Za-z0-9]*\] \([^ ]*\) from.*/\1/p' $WORLD/log/dns; }

# Everything a bottle could leave: processes, mounts, links, namespaces, control groups, files. The
# locks of all bottles (of the bridge, of the uids) are no bottle's own.
world_inventory() {
	echo "processes:"; ps -eo comm= | sort | grep -vxE '(ps|sort|grep|bash|sh|sed|find|cat|unshare|awk|timeout|diff|mv|rm|script)' || :
	echo "mounts:"; awk '{print $5}' /proc/self/mountinfo | sort
	echo "links:"; ip -o link | awk -F': ' '{print $2}' | sed 's/@.*//' | sort
	echo "rules:"; ip rule; ip route | sed 's/ linkdown//'; nft list ruleset 2>/dev/null
	echo "namespaces:"; lsns -n -o TYPE,NS 2>/dev/null | sort
	echo "groups:"; find /sys/fs/cgroup -type d -path "*/$WORLD_CGROUP/*" 2>/dev/null | sort
	echo "files:"; find /run/bottle-shim $WORLD/shim -mindepth 1 2>/dev/null |
		grep -vE '^/run/bottle-shim/(bridge.lock|uids(/[0-9]+)?)$' | sort
}
