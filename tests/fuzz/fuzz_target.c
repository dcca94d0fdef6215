/*
 * Where a request goes: a target or a host that is understood must be written in a form that is
 * understood again, to the same. The input's first line is the target, the rest the host.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "egress/host.h"
#include "egress/target.h"
#include "tests/fuzz/fuzz.h"

static void must(int holds)
{
	if (!holds)
		abort();
}

static void try_target(const char *raw)
{
	struct target t, again;
	const char *why;

	if (target_parse(raw, &t, &why) == 0) {
		/* The canonical form is its own canonical form. */
		must(target_parse(t.text, &again, &why) == 0);
		must(strcmp(t.text, again.text) == 0);
		must(t.git == again.git);
		target_done(&again);
	}
	target_done(&t);
}

static void try_host(const char *text)
{
	char host[HOST_MAX], again[HOST_MAX];
	const char *why;
	uint16_t port;

	if (host_parse_authority(text, strlen(text), host, &port, &why) == 0) {
		must(host_parse(host, strlen(host), again, &why) == 0);
		must(strcmp(host, again) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *text = strndup((const char *)data, size);
	char *rest = text ? strchr(text, '\n') : NULL;

	if (rest)
		*rest++ = '\0';
	if (text)
		try_target(text);
	if (rest)
		try_host(rest);
	return 0;
}
