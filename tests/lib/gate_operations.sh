# shellcheck shell=bash
# What the gate-operations tests share: one operation of git's done twice, on the upstream itself and through the gate,
# each on the same fresh upstream; what it prints, what it ends with and what is upstream afterwards must be alike.
# Source after gate-lib.sh, in the test's own world.
GATE=git://127.0.0.1
DIRECT=ssh://root@git.test:$SSHD_PORT$UPSTREAMS
OPERATIONS=0

operations_begin() {
	gate_begin demo sub
	git config --global protocol.file.allow always
	git config --global advice.detachedHead false
	export GIT_AUTHOR_DATE='2001-02-03T04:05:06+0000' GIT_COMMITTER_DATE='2001-02-03T04:05:06+0000'
	echo "127.0.0.1 git.test" >>/etc/hosts
	printf '[git.test]:%s %s\n' $SSHD_PORT "$(cut -d' ' -f1,2 /tmp/sshd/host.pub)" >/tmp/known
	export GIT_SSH_COMMAND="ssh -i /tmp/sshd/user -o UserKnownHostsFile=/tmp/known -o BatchMode=yes -o ControlMaster=auto -o ControlPath=/tmp/direct-%C -o ControlPersist=600"
	operations_seed
	start_gate
}

# The upstream that every operation begins with: some history, branches, tags, a note, odd names.
operations_seed() {
	local d=/tmp/seed i
	rm -rf "$UPSTREAMS/demo.git" $d
	git init -q --bare "$UPSTREAMS/demo.git"
	git init -q $d && cd $d || return
	for i in 1 2 3 4 5 6; do
		echo "line $i" >>file
		mkdir -p dir/deep
		echo "$i" >"dir/deep/$i.txt"
		git add . && git commit -qm "commit $i"
	done
	git tag light HEAD~3
	git tag -a -m "annotated" v1.0 HEAD~2
	git tag -a -m "later" v1.1 HEAD
	git branch topic HEAD~2
	git checkout -q topic && echo topic >topic && git add topic && git commit -qm "on a topic" && git checkout -q main
	git merge -q --no-edit topic
	git branch "feature/with-ünïcode"
	git branch release/1.x HEAD~3
	git notes add -m "a note" HEAD
	ln -s file link && chmod +x file && printf 'a\r\nb\r\n' >crlf && printf '\0\1\2' >binary && git add . && git commit -qm "kinds of files"
	git push -q "$UPSTREAMS/demo.git" 'refs/*:refs/*'
	git push -q "$UPSTREAMS/demo.git" main:refs/pull/7/head
	git -C "$UPSTREAMS/demo.git" symbolic-ref HEAD refs/heads/main
	git -C "$UPSTREAMS/demo.git" config receive.advertisePushOptions true
	git -C "$UPSTREAMS/demo.git" config uploadpack.allowFilter true
	cd /tmp || return
	cp -a "$UPSTREAMS/demo.git" /tmp/seed.git
	cp -a "$UPSTREAMS/sub.git" /tmp/seed-sub.git
}

operations_reset() {
	rm -rf "$UPSTREAMS/demo.git" "$UPSTREAMS/sub.git"
	cp -a /tmp/seed.git "$UPSTREAMS/demo.git"
	cp -a /tmp/seed-sub.git "$UPSTREAMS/sub.git"
}

# once DIRECTORY BASE SCRIPT: what it printed, ended with, and left upstream. $U: the repository, $B: where they all are;
# beside REF…: a change made on the upstream by somebody else.
once() {
	local d=$1 base=$2
	operations_reset
	mkdir -p "$d" && cd "$d" || return
	(
		export B=$base U=$base/demo.git UP=$UPSTREAMS/demo.git
		git config --global "url.$base/sub.git.insteadOf" ssh://git@sub.test/sub.git
		eval "$3"
		echo "status $?"
	) </dev/null 2>&1 | grep -v pyenv | sed -e "s,$base,BASE,g; s,$d,HERE,g" >out
	git config --global --unset-all "url.$base/sub.git.insteadOf"
	{
		cat out
		git -C "$UPSTREAMS/demo.git" for-each-ref
		git -C "$UPSTREAMS/demo.git" fsck --no-dangling 2>&1 | grep -v '^notice: '
	}
	cd /tmp || return
}

# op NAME SCRIPT
op() {
	OPERATIONS=$((OPERATIONS + 1))
	check_is "$1" "$(once "/tmp/op/$OPERATIONS/direct" "$DIRECT" "$2")" "$(once "/tmp/op/$OPERATIONS/gate" "${THROUGH:-$GATE}" "$2")"
	rm -rf "/tmp/op/$OPERATIONS"
}

# ---- what scripts use
state() { git for-each-ref; git symbolic-ref -q HEAD || git rev-parse HEAD; git status --porcelain; git fsck 2>&1 | grep -v '^dangling\|^notice: '; }
clone() { git clone -q "$@" "$U" w && cd w; }
commit() { echo "$1" >>"$1" && git add . && git commit -qm "$1"; }
# Somebody else pushes to the upstream.
beside() { (rm -rf ../beside; git clone -q "$UP" ../beside && cd ../beside && commit "$1" && git push -q origin "HEAD:${2:-main}" ${3:-}); }
quiet() { "$@" 2>/dev/null; }
# The lines of a push that tell what became of its refs, as git prints them for programs. Why the upstream refuses
# one stands in the gate's message; the reason beside the ref is the gate's.
pushed() {
	git push --porcelain "$@" 2>/dev/null | grep -v '^To \|^Done' | sed 's/\(\[remote rejected\]\) (.*/\1/'
	return "${PIPESTATUS[0]}"
}
