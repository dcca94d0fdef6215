# shellcheck shell=bash
# An authorization server in the small world (oauth_server.py), with the resource that it guards, at the
# hosts auth, data, second, third, dead.example.com and those of two providers' logins; needs world.sh.
#
#	auth_start			after world_start
#	new_token KIND			access or refresh: one that the server knows
#	jwt EXPIRES_S			a made-up token that says when it expires
#	claude_login FILE EXPIRES_MS	a login as Claude Code keeps it
#	codex_login FILE EXPIRES_S	as Codex does
#	grants PATH			how many requests for tokens came there
#	mode WORD			how the server behaves from here on
#
# shellcheck disable=SC2034
AUTH=$WORLD/auth AUTH_IP=11.22.33.60

auth_start() {
	local h pki=$WORLD/pki
	mkdir -m 700 $AUTH
	for h in issued log revoked refresh; do : >$AUTH/$h; done
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=auth" \
		-keyout $pki/auth.key -out $pki/auth.csr 2>/dev/null
	printf 'subjectAltName=%s\n' "DNS:*.example.com,DNS:platform.claude.com,DNS:api.anthropic.com,DNS:auth.openai.com,DNS:chatgpt.com" >$pki/auth.ext
	openssl x509 -req -in $pki/auth.csr -CA $pki/ca.pem -CAkey $pki/ca.key -CAcreateserial -days 2 \
		-sha256 -extfile $pki/auth.ext -out $pki/auth.pem 2>/dev/null
	inet ip addr add $AUTH_IP/32 dev lo
	for h in auth.example.com data.example.com second.example.com third.example.com dead.example.com \
		platform.claude.com api.anthropic.com auth.openai.com chatgpt.com; do
		echo "host-record=$h,$AUTH_IP"
	done >>$WORLD/dnsmasq.conf
	world_names_more "host-record=inside.example.com,10.9.8.7"
	random_text >$AUTH/client.line
	hide_lines $AUTH/issued
	printf 's&%% %s' "$(cat $AUTH/client.line)" | tr -d '\n' >$AUTH/client
	mode ok
	world_serve auth oauth_server.py $pki/auth.pem $pki/auth.key $AUTH $AUTH_IP
}

random_text() { echo "$(random a-zA-Z0-9 40)"; }

new_token() {
	local t
	t=$1-$(random_text)
	echo "$t" >>$AUTH/issued
	[ "$1" != refresh ] || echo "$t" >>$AUTH/refresh
	echo "$t"
}

jwt() {
	printf '%s.%s.%s' "$(printf '{"alg":"RS256"}' | base64 -w0 | tr -d =)" \
		"$(printf '{"exp":%s,"email":"who@example.com","https://api.openai.com/auth":{"chatgpt_plan_type":"pro"}}' "$1" |
			base64 -w0 | tr '+/' '-_' | tr -d =)" "$(random_text)"
}

claude_login() {
	jq -n --arg a "$(new_token access)" --arg r "$(new_token refresh)" --argjson e "$2" \
		'{claudeAiOauth: {accessToken: $a, refreshToken: $r, expiresAt: $e, scopes: ["user:inference"],
		  subscriptionType: "max"}, other: {kept: 1}}' >"$1"
}

codex_login() {
	local access
	access=$(jwt "$2")
	echo "$access" >>$AUTH/issued
	jq -n --arg a "$access" --arg r "$(new_token refresh)" --arg i "$(jwt "$2")" \
		'{OPENAI_API_KEY: null, tokens: {id_token: $i, access_token: $a, refresh_token: $r, account_id: "account-1"},
		  last_refresh: "2020-01-01T00:00:00Z"}' >"$1"
}

grants() { jq -r 'select(.path | test("token")) | .path' $AUTH/log | grep -cx "$1"; }

mode() { echo "$1" >$AUTH/mode; }
