/* What an agent and an upstream say to the gate: requests, lists of refs, commands and words of a
 * push, code lines. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "gate/allow.h"
#include "gate/ask.h"
#include "gate/commands.h"
#include "gate/messages.h"
#include "gate/pktline.h"
#include "gate/protocol2_command.h"
#include "gate/record.h"
#include "gate/credential.h"
#include "gate/refs.h"
#include "gate/request.h"
#include "gate/rules.h"
#include "gate/sanitize.h"

static void fuzz_request(const char *text, size_t size)
{
	static char name[] = "demo";
	static struct policy_repo repo = {.name = name};
	const struct gate gate = {.policy = {.repos = &repo, .n_repos = 1}};
	struct request req;
	struct err e;

	if (request_parse(&gate, text, size, &req, &e) == 0 &&
		(req.repo != &repo || (*req.protocol && strncmp(req.protocol, "version=", 8) != 0)))
		abort();
}

static void fuzz_commands(const char *text)
{
	struct commands c;
	struct err e;

	if (commands_parse(text, &c, &e) < 0)
		return;
	/* These become refspecs: "NEW:REF". */
	for (size_t i = 0; i < c.n; i++)
		if (strpbrk(c.list[i].ref, ":*^ \n") || strncmp(c.list[i].ref, "refs/", 5) != 0)
			abort();
	commands_done(&c);
}

/* Whoever is answered has named the host, whole. */
static void fuzz_credential(const char *text)
{
	static char host[] = "h";
	static const struct policy_repo repo = {.transport = POLICY_HTTPS,
		.host = host,
		.port = 443,
		.user = host,
		.identity_slot = host};

	if (credential_is_for(&repo, text) &&
		((strncmp(text, "host=h\n", 7) != 0 && !strstr(text, "\nhost=h")) ||
			!strstr(text, "protocol=https")))
		abort();
}

static void fuzz_sanitize(const char *text, size_t size)
{
	char *clean = sanitize_line(text, size);

	for (const unsigned char *p = (const unsigned char *)clean; p && *p; p++)
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0))
			abort();
	free(clean);
}

/* An upstream's answer, and what is kept of it; an agent's command. */
static void fuzz_conversations(const char *text, size_t size)
{
	static struct pkt_reader reader;
	struct protocol2_command command = {0};
	struct record rec = {0};
	struct refs refs;
	struct err e;
	int from = fd_memfd("packets", text, size, &e);
	int to = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (ask_converse(from, to, &refs, &e) == 0)
		refs_done(&refs);
	close(to);
	lseek(from, 0, SEEK_SET);
	pkt_reader_init(&reader, from, -1);
	protocol2_command_read(&reader, &command, &e);
	protocol2_command_done(&command);
	record_read(from, &rec, &e);
	record_done(&rec);
	close(from);
}

/* What rules_match must say, told the slow way. */
static bool matches(const char *pattern, const char *name)
{
	if (*pattern != '*')
		return *pattern == *name && (!*name || matches(pattern + 1, name + 1));
	return matches(pattern + 1, name) || (*name && matches(pattern, name + 1));
}

static void fuzz_rules(const char *text)
{
	char *pattern = strdup(text), *name = pattern ? strchr(pattern, '\n') : NULL;

	if (name && strlen(text) < 40) {
		*name++ = '\0';
		if (rules_match(pattern, name) != matches(pattern, name))
			abort();
		if (rules_match(pattern, name) && !rules_match_folded(pattern, name))
			abort();
	}
	free(pattern);
}

static void fuzz_messages(const char *text, size_t size)
{
	int to = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct messages m;

	messages_init(&m, to);
	m.born_ms -= 10000;
	messages_feed(&m, text, size / 2);
	messages_feed(&m, text + size / 2, size - size / 2);
	messages_done(&m);
	close(to);
}

static void fuzz_redact(const char *text, size_t size)
{
	struct serve_finding f = {0};
	struct str out = {0};
	size_t n = size < sizeof(f.excerpt) - 1 ? size : sizeof(f.excerpt) - 1;

	memcpy(f.excerpt, text, n);
	allow_redact(text + n, size - n, &f, &out);
	for (size_t i = 0; i < out.len; i++)
		if ((unsigned char)out.s[i] < 0x20 || out.s[i] == 0x7f)
			abort();
	str_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct refs refs;
	struct err e;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	fuzz_request(text, size);
	fuzz_commands(text);
	fuzz_credential(text);
	fuzz_sanitize(text, size);
	fuzz_conversations(text, size);
	fuzz_rules(text);
	fuzz_messages(text, size);
	fuzz_redact(text, size);
	if (refs_parse(text, &refs, &e) == 0)
		refs_done(&refs);
	free(text);
	return 0;
}
