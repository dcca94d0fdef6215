/*
 * The whole scanner: what it finds must not depend on how a text is cut. The first two bytes are
 * the size of a piece, the third says what is declared, the rest is the text.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan/cache.h"
#include "scan/scan.h"

static int count(void *arg, const struct scan_finding *f)
{
	uint64_t sum = 0;

	/* Order-independent, so that only what is found counts. */
	for (const char *c = f->rule; *c; c++)
		sum = sum * 31 + (unsigned char)*c;
	for (const char *c = f->via; *c; c++)
		sum = sum * 31 + (unsigned char)*c;
	*(uint64_t *)arg += sum * 1000003 + f->line + f->start * 7 + f->end * 13;
	return 0;
}

/* The cache and its file. */
static void remove_all(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *f;

	while (d && (f = readdir(d)))
		if (f->d_name[0] != '.')
			unlinkat(dirfd(d), f->d_name, 0);
	if (d)
		closedir(d);
	rmdir(path);
}

static const struct scan_rules *load(void)
{
	static const struct scan_secret known = {"A", "Zk3jd8Fj2k-D92jfkW0sL1", 22};
	static struct scan_rules *rules;
	char dir[] = "/tmp/fuzz-scan.XXXXXX";
	struct scan_sources from = {.known = &known, .n_known = 1};
	struct err e;

	if (rules)
		return rules;
	if (!mkdtemp(dir))
		abort();
	from.cache_fd = scan_cache_open(dir, NULL, 0, NULL, &e);
	if (from.cache_fd < 0 || scan_rules_new(&from, &rules, &e) < 0)
		abort();
	close(from.cache_fd);
	remove_all(dir);
	return rules;
}

static void declare(struct scan_text *text, uint8_t how)
{
	static const char *const types[] = {NULL, "application/json", "text/plain",
		"application/x-www-form-urlencoded", "multipart/form-data; boundary=b",
		"text/event-stream", "text/html; charset=utf-16", "application/zip"};
	static const char *const encodings[] = {
		NULL, NULL, "gzip", "br", "zstd", "deflate", "gzip, br", "x"};

	text->content_type = types[how % 8];
	text->content_encoding = encodings[how / 8 % 8];
}

static uint64_t scan_in(
	struct scan *s, const struct scan_text *text, const uint8_t *p, size_t size, size_t piece)
{
	struct err e;

	if (scan_message(s, NULL, &e) < 0 || scan_begin(s, text, &e) < 0)
		abort();
	for (size_t i = 0; i < size; i += piece)
		if (scan_feed(s, p + i, piece < size - i ? piece : size - i, &e) < 0)
			return (uint64_t)-e
				.code; /* what cannot be decided is told, and that is an answer */
	return scan_end(s, &e) < 0 ? (uint64_t)-e.code : 0;
}

static uint64_t scan(const struct scan_text *text, const uint8_t *p, size_t size, size_t piece)
{
	struct scan *s = NULL;
	uint64_t sum = 0, r;
	struct err e;

	if (scan_open(load(), SCAN_OUTBOUND | SCAN_KNOWN | SCAN_ENTROPY | SCAN_INBOUND, count, &sum,
		    &s, &e) < 0)
		abort();
	r = scan_in(s, text, p, size, piece);
	scan_close(s);
	return r ? r : sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scan_text text = {.place = "fuzz"};
	size_t piece;

	if (size < 4)
		return 0;
	piece = (size_t)(data[0] << 8 | data[1]) + 1;
	declare(&text, data[2]);
	if (scan(&text, data + 3, size - 3, piece) != scan(&text, data + 3, size - 3, size))
		abort();
	return 0;
}
