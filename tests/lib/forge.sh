# shellcheck shell=bash
# The test forge (forge.py) in the small world: at https://git.example.com, with the repository
# team/app; sshd lets in whose deploy keys it has, and nobody else. Needs world.sh, check.sh.
FORGE=$WORLD/forge

# forge_start: after world_start.
forge_start() {
	mkdir -m 755 $FORGE
	mkdir $WORLD/git/team
	chown git:git $WORLD/git/team
	world_repo team/app
	printf '%s\n' team/app >$FORGE/repos
	world_secret FORGE_TOKEN >$FORGE/token
	printf 'AuthorizedKeysFile %s/authorized\nStrictModes no\n' $FORGE >>$WORLD/ssh/config
	world_sshd_stop
	forge_up
	world_sshd_again
}

forge_up() {
	rm -f $FORGE/ready
	mkfifo $FORGE/ready
	ip netns exec internet /usr/bin/python3 -IS "$WORLD_TREE/tests/lib/forge.py" $WORLD_GIT_IP 443 $WORLD/pki/server.pem \
		$WORLD/pki/server.key $FORGE >$FORGE/ready 2>>$WORLD/log/forge </dev/null &
	FORGE_PID=$!
	disown
	read -rt 120 _ <$FORGE/ready
}

forge_down() {
	kill $FORGE_PID
	wait_for 30 not kill -0 $FORGE_PID
}

# forge_mode WORDS…: how it misbehaves (forge.py); none: not at all.
forge_mode() { printf '%s' "$*" >$FORGE/mode.new && mv $FORGE/mode.new $FORGE/mode; }

# What keys it has: "ID TITLE REPO WRITE", a line each.
forge_keys() { jq -r '.[] | "\(.id) \(.title) \(.repo) \(.write)"' $FORGE/keys.json; }
forge_empty() { [ -z "$(forge_keys)" ]; }

# forge_bottle NAME [PROVIDER [REPO-NAME…]]: a bottle whose repositories have deploy keys, each of
# the upstream team/app.
forge_bottle() {
	local f=$BOTTLE_HOME/bottles/$1.md provider=${2:-gitea} r
	shift
	[ $# = 0 ] || shift
	[ $# != 0 ] || set -- app
	{
		printf -- '---\ngit-gate:\n  user: {name: Bottle, email: bottle@example.com}\n  repos:\n'
		for r; do
			printf '    %s:\n      url: git@%s:team/%s.git\n' "$r" $WORLD_GIT "$r"
			printf '      host_key: %s\n' "$WORLD_HOST_KEY"
			printf '      key: {provider: %s, forge_token_env: FORGE_TOKEN%s}\n' "$provider" \
				"$([ "$provider" != github ] || echo ", api_url: 'https://$WORLD_GIT'")"
		done
		printf -- '---\nMade by a test.\n'
	} >"$f"
	chmod 600 "$f"
}

# What is recorded as not revoked.
forge_records() { find "$BOTTLE_HOME/state/.deploy-keys" -type f 2>/dev/null; }
forge_settled() { forge_empty && [ -z "$(forge_records)" ]; }
