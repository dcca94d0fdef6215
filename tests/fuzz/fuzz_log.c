#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "control/log_show.h"
#include "control/log_verify.h"
#include "tests/fuzz/fuzz.h"

/*
 * A log as a taken-over process could have left it: verified, shown to a person and as JSON. What
 * is shown holds no byte that commands a terminal.
 */
static void ignore(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static void check_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
			abort();
}

static void show_all(int fd)
{
	struct log_form form = {.component = "egress"};
	struct log_reader reader;
	struct log_line l;
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);
	struct err e;

	if (!to || lseek(fd, 0, SEEK_SET) < 0 || log_reader_open(fd, &reader, &e) < 0)
		abort();
	while (log_reader_next(&reader, &l, &e) > 0) {
		form.json = !form.json;
		log_show(to, &l, LOG_CHAIN, &form);
		log_show(to, &l, LOG_WORDS, &form);
	}
	if (log_reader_rest(&reader, &l))
		log_show(to, &l, LOG_CHAIN, &form);
	log_reader_done(&reader);
	fclose(to);
	check_plain(text, len);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct log_end_known ends[] = {{0}, {.known = true, .seq = 3, .link = "none"}};
	struct log_verified v;
	struct chain_end end;
	struct err e;
	int fd = memfd_create("log", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	for (size_t i = 0; i < 2; i++)
		if (lseek(fd, 0, SEEK_SET) < 0 ||
			log_verify(fd, &ends[i], ignore, NULL, &v, &e) < 0)
			abort();
	if (chain_end_read(fd, "log", &end, &e) < 0 || end.torn > end.bytes)
		abort();
	show_all(fd);
	close(fd);
	return 0;
}
