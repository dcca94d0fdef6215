#include "scan/old_table.h"

#include "base/ptr.h"

/* Not in the middle of a longer word, where a vendor's prefix is only letters. */
#define ALONE "(?<![A-Za-z0-9_])"
#define ENDS  "(?![A-Za-z0-9_-])"

const struct scan_rule scan_table[] = {
	{"private-key", "a private key", {"-----begin"},
		"-----BEGIN[ A-Z0-9_-]{0,80}PRIVATE KEY(?: BLOCK)?-----[\\s\\S]{0,300}?"
		"([A-Za-z0-9+/]{32,64})",
		false, 2500},
	{"putty-private-key", "a private key (PuTTY)", {"putty-user-key-file-"},
		"PuTTY-User-Key-File-[23]: [a-z0-9-]{4,40}", false, 0},
	{"age-secret-key", "an age identity", {"age-secret-key-1"},
		"AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", false, 0},
	{"aws-access-key-id", "an AWS access key", {"akia", "asia", "abia", "acca"},
		/* AWS' documentation ends its keys with this word. */
		ALONE "(?:AKIA|ASIA|ABIA|ACCA)(?![A-Z0-9]{9}EXAMPLE)[A-Z0-9]{16}(?![A-Za-z0-9])",
		false, 3000},
	{"aws-secret-access-key", "an AWS secret key",
		{"secret_access_key", "secretaccesskey", "secret-access-key", "aws_secret",
			"secret_key", NULL},
		"(?:secret[_-]?access[_-]?key|aws_secret|secret_key)[\\w-]{0,20}[\"']?\\s{0,8}"
		"(?:=>|:=|=|:|,)\\s{0,8}[\"']?(?![A-Za-z0-9/+]{30}EXAMPLEKEY)"
		"([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
		true, 4100},
	{"github-token", "a GitHub token", {"ghp_", "gho_", "ghu_", "ghs_", "ghr_"},
		"gh[pousr]_[A-Za-z0-9]{36,255}", false, 3000},
	{"github-fine-grained-token", "a GitHub fine-grained token", {"github_pat_"},
		"github_pat_[A-Za-z0-9_]{36,255}", false, 3000},
	{"gitlab-token", "a GitLab token", {"glpat-", "gldt-", "glrt-", "glptt-"},
		"gl(?:pat|dt|rt|ptt)-[A-Za-z0-9_-]{20,64}", false, 3000},
	{"anthropic-key", "an Anthropic key", {"sk-ant-"},
		"sk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{20,200}", false, 3000},
	{"openai-key", "an OpenAI key", {"sk-"},
		ALONE
		"sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,220}|[A-Za-z0-9]{40,64}" ENDS
		"|[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20})",
		false, 3500},
	{"slack-token", "a Slack token", {"xox"},
		"xox[abeoprs](?:\\.xox[abp])?-[A-Za-z0-9-]{10,250}", false, 2800},
	{"slack-app-token", "a Slack app token", {"xapp-"},
		"xapp-[0-9]-[A-Z0-9]{5,20}-[0-9]{5,20}-[A-Za-z0-9]{20,100}", false, 2800},
	{"slack-webhook", "a Slack webhook", {"hooks.slack.com/"},
		"hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,80}", true,
		3000},
	{"stripe-key", "a Stripe key", {"sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_"},
		"[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,120}", false, 3000},
	{"stripe-webhook-secret", "a Stripe webhook secret", {"whsec_"},
		"whsec_[A-Za-z0-9+/]{32,64}", false, 3000},
	{"google-api-key", "a Google API key", {"aiza"}, ALONE "AIza[A-Za-z0-9_-]{35}" ENDS, false,
		3000},
	{"npm-token", "an npm token", {"npm_"}, ALONE "npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])", false,
		3000},
	{"pypi-token", "a PyPI token", {"pypi-ageichlwas5vcmc"},
		"pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,250}", false, 3000},
};

const size_t scan_table_len = ARRAY_LEN(scan_table);
