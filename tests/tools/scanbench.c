/*
 * scanbench ROUNDS FILE…: how fast the scanner reads files on one core, beside Hyperscan and PCRE2
 * without our layers, in turn, round by round (bench/scan).
 */
#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "scan/cache.h"
#include "scan/matcher.h"
#include "scan/ruleset.h"
#include "scan/scan.h"

#define ROUNDS_MAX 50
/* PCRE2 takes a hundred times as long: it reads one file of so many. */
#define PCRE2_SHARE 40

struct text {
	char *s;
	size_t len;
};

struct bench {
	struct text *texts;
	size_t n;
	int cache_fd;
	struct scan_cache cache;
	struct ruleset rules;
	struct matcher *matcher;
	struct matcher_scratch *room;
	struct matcher_stream *stream;
	struct scan_rules *scan_rules;
	struct scan *scan;
	hs_database_t *hs;
	hs_scratch_t *hs_room;
	pcre2_code **pcre2;
	pcre2_match_data *pcre2_room;
	size_t found;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what, const struct err *e)
{
	fprintf(stderr, "scanbench: %s: %s\n", what, e->msg);
	exit(1);
}

/* ---- what reads a text */

static int on_finding(void *arg, const struct scan_finding *f)
{
	(void)f;
	++*(size_t *)arg;
	return 0;
}

static void read_by_scan(struct bench *b, const struct text *t)
{
	static const struct scan_text about;
	struct err e = {0};

	if (scan_begin(b->scan, &about, &e) < 0 || scan_feed(b->scan, t->s, t->len, &e) < 0 ||
		scan_end(b->scan, &e) < 0)
		die("scan", &e);
}

static int on_match(void *arg, const struct match *m)
{
	(void)m;
	++*(size_t *)arg;
	return 0;
}

static void read_by_matcher(struct bench *b, const struct text *t)
{
	struct err e = {0};

	matcher_reset(b->stream);
	if (matcher_feed(b->stream, t->s, t->len, on_match, &b->found) < 0 ||
		matcher_finish(b->stream, on_match, &b->found) < 0)
		die("matcher: undecided", &e);
}

static int on_hyperscan(unsigned int id, unsigned long long from, unsigned long long to,
	unsigned int flags, void *arg)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	++*(size_t *)arg;
	return 0;
}

static void read_by_hyperscan(struct bench *b, const struct text *t)
{
	struct err e = {0};

	if (hs_scan(b->hs, t->s, (unsigned int)t->len, 0, b->hs_room, on_hyperscan, &b->found) !=
		HS_SUCCESS)
		die("hyperscan", &e);
}

static void read_by_pcre2(struct bench *b, const struct text *t)
{
	for (size_t i = 0; i < b->rules.n; i++) {
		const PCRE2_SIZE *spans = pcre2_get_ovector_pointer(b->pcre2_room);
		PCRE2_SIZE at = 0;

		while (b->pcre2[i] && at < t->len &&
			pcre2_match(b->pcre2[i], (PCRE2_SPTR)t->s, t->len, at, PCRE2_NOTEMPTY,
				b->pcre2_room, NULL) > 0) {
			at = spans[1];
			b->found++;
		}
	}
}

static const struct reader {
	const char *name;
	void (*read)(struct bench *b, const struct text *t);
	size_t share;
} readers[] = {
	{"the whole scanner", read_by_scan, 1},
	{"the matcher: Hyperscan and PCRE2", read_by_matcher, 1},
	{"Hyperscan alone, the patterns as they are", read_by_hyperscan, 1},
	{"PCRE2's JIT alone, pattern by pattern", read_by_pcre2, PCRE2_SHARE},
};

/* ---- set-up */

static void open_ours(struct bench *b, const char *cache_dir)
{
	struct scan_sources from = {0};
	struct err e = {0};

	b->cache_fd = scan_cache_open(cache_dir, NULL, 0, NULL, &e);
	if (b->cache_fd < 0)
		die("rules", &e);
	from.cache_fd = b->cache_fd;
	if (scan_rules_new(&from, &b->scan_rules, &e) < 0 ||
		scan_open(b->scan_rules, SCAN_OUTBOUND | SCAN_KNOWN, on_finding, &b->found,
			&b->scan, &e) < 0)
		die("scan", &e);
	if (ruleset_read(&b->rules, ruleset_builtin, ruleset_builtin_len, "built-in", true, &e) <
			0 ||
		scan_cache_map(b->cache_fd, &b->cache, &e) < 0 ||
		matcher_new(&b->rules, b->cache.compiled, b->cache.compiled_len, &b->matcher, &e) <
			0 ||
		matcher_scratch_new(b->matcher, &b->room, &e) < 0 ||
		matcher_open(b->matcher, b->room, &b->stream, &e) < 0)
		die("matcher", &e);
}

/* Patterns that Hyperscan does not take as they are become prefilters. */
static void open_hyperscan(struct bench *b)
{
	const char **patterns = calloc(b->rules.n, sizeof(*patterns));
	unsigned int *flags = calloc(b->rules.n, sizeof(*flags)), n = 0;
	hs_compile_error_t *why = NULL;
	struct err e = {.msg = "out of memory"};

	if (!patterns || !flags)
		die("hyperscan", &e);
	for (size_t i = 0; i < b->rules.n; i++)
		if (b->rules.rules[i].pattern && *b->rules.rules[i].pattern)
			patterns[n++] = b->rules.rules[i].pattern;
	while (hs_compile_multi(patterns, flags, NULL, n, HS_MODE_BLOCK, NULL, &b->hs, &why) !=
		HS_SUCCESS) {
		if (why->expression < 0 || flags[why->expression]) {
			snprintf(e.msg, sizeof(e.msg), "%s", why->message);
			die("hyperscan", &e);
		}
		flags[why->expression] = HS_FLAG_PREFILTER;
		hs_free_compile_error(why);
	}
	if (hs_alloc_scratch(b->hs, &b->hs_room) != HS_SUCCESS)
		die("hyperscan", &e);
	free(patterns);
	free(flags);
}

static void open_pcre2(struct bench *b)
{
	struct err e = {.msg = "out of memory"};

	b->pcre2 = calloc(b->rules.n, sizeof(*b->pcre2));
	b->pcre2_room = pcre2_match_data_create(32, NULL);
	if (!b->pcre2 || !b->pcre2_room)
		die("pcre2", &e);
	for (size_t i = 0; i < b->rules.n; i++) {
		PCRE2_SIZE at;
		int error;

		if (!b->rules.rules[i].pattern || !*b->rules.rules[i].pattern)
			continue;
		b->pcre2[i] = pcre2_compile((PCRE2_SPTR)b->rules.rules[i].pattern,
			PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY, &error, &at, NULL);
		if (b->pcre2[i])
			pcre2_jit_compile(b->pcre2[i], PCRE2_JIT_COMPLETE);
	}
}

static size_t load(struct bench *b, char **paths)
{
	size_t total = 0;
	struct err e;

	b->texts = calloc(strv_len(paths) + 1, sizeof(*b->texts));
	for (; b->texts && *paths; paths++) {
		struct text *t = &b->texts[b->n];

		if (fd_read_file(AT_FDCWD, *paths, 16U << 20, &t->s, &t->len, &e) == 0 && t->len) {
			total += t->len;
			b->n++;
		}
	}
	return total;
}

/* ---- figures */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void line(const char *name, const double *values, size_t n)
{
	double sorted[ROUNDS_MAX];

	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), by_value);
	printf("  %-44s %9.2f %9.2f %9.2f\n", name, sorted[0], sorted[n / 2], sorted[n - 1]);
}

static void title(const char *what, const char *unit)
{
	printf("\n%s (%s)%*sminimum    median   maximum\n", what, unit,
		(int)(40 - strlen(what) - strlen(unit)), "");
}

static double megabytes_a_second(struct bench *b, const struct reader *r)
{
	double since = now();
	size_t bytes = 0;

	for (size_t i = 0; i < b->n; i += r->share) {
		r->read(b, &b->texts[i]);
		bytes += b->texts[i].len;
	}
	return (double)bytes / (now() - since) / 1e6;
}

static void speed(struct bench *b, size_t rounds)
{
	static double values[ARRAY_LEN(readers)][ROUNDS_MAX], ratios[ROUNDS_MAX];

	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < ARRAY_LEN(readers); i++)
			values[i][round] = megabytes_a_second(b, &readers[i]);
	title("reading files", "MB/s of a core");
	for (size_t i = 0; i < ARRAY_LEN(readers); i++)
		line(readers[i].name, values[i], rounds);
	for (size_t i = 0; i < 2; i++) {
		cleanup_free char *name =
			str_format("%s / Hyperscan alone", i ? "matcher" : "scanner");

		for (size_t round = 0; round < rounds; round++)
			ratios[round] = values[i][round] / values[2][round];
		line(name, ratios, rounds);
	}
}

/* Microseconds for one text of a size, by each reader but the slow one. */
static void latency(struct bench *b, size_t rounds, const char *name, const char *s, size_t len)
{
	struct text t = {.s = (char *)(uintptr_t)s, .len = len};
	size_t times = 1 + 2000000 / (len + 200);
	double values[ROUNDS_MAX];

	title(name, "microseconds");
	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		if (readers[i].share > 1)
			continue;
		for (size_t round = 0; round < rounds; round++) {
			double since = now();

			for (size_t k = 0; k < times; k++)
				readers[i].read(b, &t);
			values[round] = (now() - since) / (double)times * 1e6;
		}
		line(readers[i].name, values, rounds);
	}
}

static void latencies(struct bench *b, size_t rounds)
{
	static const char url[] =
		"https://api.example.com/v1/projects/42/items?limit=50&after=1699";
	static char body[1 << 20];
	size_t at = 0;

	/* Real text, as it comes. */
	for (size_t i = 0; at < sizeof(body); i = (i + 1) % b->n) {
		size_t n =
			b->texts[i].len < sizeof(body) - at ? b->texts[i].len : sizeof(body) - at;

		memcpy(body + at, b->texts[i].s, n);
		at += n;
	}
	latency(b, rounds, "a URL", url, sizeof(url) - 1);
	latency(b, rounds, "1 KiB", body, 1024);
	latency(b, rounds, "10 KiB", body, 10240);
	latency(b, rounds, "1 MiB", body, sizeof(body));
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	long rounds;
	size_t total;

	if (argc < 4 || !str_to_long(argv[1], 1, ROUNDS_MAX, &rounds)) {
		fprintf(stderr, "usage: scanbench ROUNDS CACHE-DIRECTORY FILE…\n");
		return 2;
	}
	total = load(&b, argv + 3);
	if (!b.n) {
		fprintf(stderr, "scanbench: none of the files can be read\n");
		return 1;
	}
	open_ours(&b, argv[2]);
	open_hyperscan(&b);
	open_pcre2(&b);
	printf("%zu rules, %zu files, %.1f MB\n", b.rules.n, b.n, (double)total / 1e6);
	speed(&b, (size_t)rounds);
	latencies(&b, (size_t)rounds);
	return 0;
}
