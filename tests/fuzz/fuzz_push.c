/* What git prints of a push: objects, changes; what gitleaks writes; findings, told. */
#include "tests/fuzz/fuzz.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "gate/changes.h"
#include "gate/encoding.h"
#include "gate/gitleaks_report.h"
#include "gate/object.h"
#include "gate/report.h"

/* A scanner that reads and says nothing. */
static void *drain(void *arg)
{
	char buf[65536];

	while (read(*(int *)arg, buf, sizeof(buf)) > 0)
		;
	return NULL;
}

static struct inspection *open_inspection(void)
{
	static struct inspection in;
	static int door[2], scanner;
	cleanup_msg struct msg m = {0};
	pthread_t thread;
	struct err e;

	if (in.scanner)
		return &in;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, door) < 0 ||
		inspect_init(&in, door[0], &e) < 0 || msg_recv(door[1], &m, &e) <= 0 ||
		m.n_fds != 1)
		abort();
	scanner = steal_fd(&m.fds[0]);
	if (pthread_create(&thread, NULL, drain, &scanner) != 0)
		abort();
	return &in;
}

static void forget_findings(struct inspection *in)
{
	in->n_found = in->n_warnings = in->found.n = in->warnings.n = 0;
}

/* What is told fits a terminal, whatever was found. */
static void check_report(struct inspection *in)
{
	struct str out = {0};

	report_write(in, &out);
	for (const char *s = out.s ? out.s : ""; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\n') || *s == 0x7f)
			abort();
	str_done(&out);
	forget_findings(in);
}

static void fuzz_objects(const char *text, size_t size)
{
	struct inspection *in = open_inspection();
	struct err e;
	int fd = fd_memfd("objects", text, size, &e);
	struct reader rd = {.fd = fd};
	struct object_reader o = {.in = in, .rd = &rd, .left = 1 << 20};

	while (object_read(&o, &e) > 0)
		;
	object_reader_done(&o);
	reader_done(&rd);
	close(fd);
	check_report(in);
}

static int see(void *arg, const struct change *c, struct err *e)
{
	(void)arg;
	(void)e;
	if (strlen(c->commit) < 40 || strlen(c->oid) < 40 || strlen(c->tip) < 40)
		abort();
	return 0;
}

static void fuzz_changes(const char *text, size_t size)
{
	struct changes changes = CHANGES_NONE;
	struct err e;

	changes.fd = fd_memfd("changes", text, size, &e);
	/* There is no process to have ended well. */
	if (changes_read(&changes, see, NULL, &e) == 0)
		abort();
	changes_done(&changes);
}

static void fuzz_gitleaks(const char *text, size_t size)
{
	struct inspection *in = open_inspection();
	struct err e;
	size_t n;

	gitleaks_report_add(in, text, size, &e);
	gitleaks_report_count(text, &n, &e);
	check_report(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct encoding encoding = {0};
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	encoding_feed(&encoding, text, size);
	fuzz_objects(text, size);
	fuzz_changes(text, size);
	fuzz_gitleaks(text, size);
	free(text);
	return 0;
}
