# shellcheck shell=bash
# shellcheck disable=SC2034
# What the attacks on the gate's reading share: a work tree, and the same push made twice by real git:
# with a harmless word in the secret's place it must be published (the control), with the secret it
# must be refused and nothing of it be upstream. Sourced after world_enter.
gate_begin demo
gate=git://127.0.0.1
# Made here, so that nothing in the tree looks like a credential.
bottle_secret=$(random A-Za-z0-9 40)
printf %s "$bottle_secret" >/tmp/secret
# The operator's own rules, in the form that gitleaks reads, with conditions on paths.
cat >$GATE_DIR/rules.toml <<'END'
[[rules]]
id = "house-key"
description = "a key of the house"
regex = '''house-[0-9a-f]{24}'''
[[rules.allowlists]]
paths = ['''^testdata/''']
END
git -C $UPSTREAMS/demo.git config receive.advertisePushOptions true
start_gate API_TOKEN=/tmp/secret || exit 1
cd /tmp || exit 1
git clone -q $gate/demo.git work || exit 1
cd work || exit 1
token() { echo "gh""p_$(random A-Za-z0-9 36)"; }
commit() { git add -A && git commit -qm "${1:-change}"; } # [MESSAGE]
upstream_refs() { git ls-remote $UPSTREAMS/demo.git; }
number=0

# fresh: a detached head on the upstream's main, and a name for what is pushed from there.
fresh() {
	git checkout -q --detach origin/main && git reset -q --hard && git clean -qfdx
	number=$((number + 1))
	name=t$number
	refspecs=(HEAD:refs/heads/$name)
	options=()
}
push_it() { git push "${options[@]}" origin "${refspecs[@]}" >/tmp/push.out 2>&1; }

# judge SENTENCE PART MAKER HARMLESS SECRET: MAKER WORD makes what is pushed in a fresh work tree and
# may set refspecs and options; PART stands in the refusal.
judge() {
	local before
	fresh
	"$3" "$4" >/tmp/make.out 2>&1
	check "$1: without a secret it is published" push_it
	fresh
	"$3" "$5" >/tmp/make.out 2>&1
	before=$(upstream_refs)
	check "$1: refused" not push_it
	check_has "$1: says where" "$2" "$(cat /tmp/push.out)"
	check_is "$1: nothing is upstream" "$before" "$(upstream_refs)"
	check "$1: the secret itself is not shown" not grep -q "^remote:.*$5" /tmp/push.out
}
# With a vendor's token, and with a secret of the bottle.
tries() { judge "$1" "$2" "$3" "harmless$number" "$(token)"; }
hides() { judge "$1" "$2" "$3" "harmless and short $number" "$bottle_secret"; }

# raw TYPE: standard input as an object, unchecked; prints its name.
raw() { git hash-object -t "$1" -w --stdin --literally; }
# A commit of HEAD's tree on HEAD: raw_commit HEADERS MESSAGE-FILE
raw_commit() {
	{ git cat-file commit HEAD | sed '/^$/,$d'; echo "parent $(git rev-parse HEAD)"; } |
		awk '/^tree/ {t = $0} /^parent/ {p = $0} /^(author|committer)/ {a = a "\n" $0}
			END {print t "\n" p a}' >/tmp/raw
	[ -z "$1" ] || printf '%s\n' "$1" >>/tmp/raw
	{ cat /tmp/raw; echo; cat "$2"; } | raw commit
}


# attacks_end: what the operator's log has of it all.
attacks_end() {
	check "the operator's log tells of what was found" grep -q '(rule github-personal-token)' $GATE_DIR/gate.log
	check "without a token" not grep -q "gh""p_[A-Za-z0-9]\{36\}" $GATE_DIR/gate.log
	check "without the bottle's secret" not grep -qF "$bottle_secret" $GATE_DIR/gate.log
	finish
}
