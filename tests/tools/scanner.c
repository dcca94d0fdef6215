/*
 * What the scanner says of messages: for tests that have many.
 *
 *	scanner CACHE-DIRECTORY KNOWN-SECRETS-FILE [outbound|inbound [SEED]] <CASES >FINDINGS
 *
 * A case is a JSON object on a line, see tests/corpus/containment.py. For each one a line: its id,
 *and the rules that found something in it, refusals first, each once:
 *"id<TAB>rule,rule<TAB>warning,…". With a
 * SEED bodies are fed in pieces of random sizes.
 */
#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "scan/cache.h"
#include "scan/scan.h"

#define KNOWN_MAX 64

struct scanner {
	struct scan_rules *rules;
	struct scan *scan;
	struct str refused, warned;
	unsigned int seed; /* 0: bodies are fed whole */
};

static void add_once(struct str *list, const char *rule)
{
	cleanup_free char *item = str_format(",%s,", rule),
			  *have = str_format(",%s,", list->s ? list->s : "");

	if (!item || !have || strstr(have, item))
		return;
	str_addf(list, "%s%s", list->len ? "," : "", rule);
}

static int on_finding(void *arg, const struct scan_finding *f)
{
	struct scanner *s = arg;

	add_once(f->confidence == SCAN_LOW ? &s->warned : &s->refused, f->rule);
	return 0;
}

static int die(const struct err *e)
{
	fprintf(stderr, "scanner: %s\n", e->msg);
	return 1;
}

/* ---- base64, strictly as the generator writes it */

static char *decode(const char *text, size_t *ret_len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = malloc(strlen(text) + 1);
	unsigned int bits = 0, held = 0;
	size_t n = 0;

	for (; out && *text && *text != '='; text++) {
		const char *d = strchr(digits, *text);

		held = held << 6 | (d ? (unsigned int)(d - digits) : 0);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (char)(held >> bits);
		}
	}
	*ret_len = n;
	return out;
}

/* ---- one case */

static int feed(struct scanner *s, const char *bytes, size_t len, struct err *e)
{
	int r = 0;

	for (size_t i = 0, n; r == 0 && i < len; i += n) {
		n = s->seed ? 1 + (size_t)rand_r(&s->seed) % 300 : len;
		n = n < len - i ? n : len - i;
		r = scan_feed(s->scan, bytes + i, n, e);
	}
	return r;
}

static int scan_part(struct scanner *s, const json_t *part, struct err *e)
{
	const char *name = json_string_value(json_object_get(part, "name"));
	const char *coded = json_string_value(json_object_get(part, name ? "value" : "body"));
	struct scan_text text = {.place = "body",
		.content_type = json_string_value(json_object_get(part, "type")),
		.content_encoding = json_string_value(json_object_get(part, "encoding"))};
	size_t len;
	cleanup_free char *bytes = decode(coded ? coded : "", &len);
	int r;

	if (!bytes)
		return err_set(e, ENOMEM, "a part");
	if (name)
		return scan_value(s->scan, "value", name, bytes, len, e);
	r = scan_begin(s->scan, &text, e);
	if (r == 0)
		r = feed(s, bytes, len, e);
	return r == 0 ? scan_end(s->scan, e) : r;
}

/* All messages of a case go to one host. */
static int scan_case(struct scanner *s, const json_t *c, struct err *e)
{
	struct scan_window *w = scan_window_new();
	json_t *message, *part;
	size_t i, j;
	int r = w ? 0 : err_set(e, ENOMEM, "a window");

	json_array_foreach (json_object_get(c, "messages"), i, message) {
		if (r == 0)
			r = scan_message(s->scan, w, e);
		json_array_foreach (json_object_get(message, "parts"), j, part) {
			if (r == 0)
				r = scan_part(s, part, e);
		}
	}
	if (r == 0)
		r = scan_message(s->scan, NULL, e);
	scan_window_free(w);
	return r;
}

static int scan_line(struct scanner *s, const char *line, struct err *e)
{
	json_t *c = json_loads(line, 0, NULL);
	int r = c ? scan_case(s, c, e) : err_say(e, EINVAL, "a case is no JSON");

	if (r == 0)
		printf("%s\t%s\t%s\n", json_string_value(json_object_get(c, "id")),
			s->refused.s ? s->refused.s : "", s->warned.s ? s->warned.s : "");
	json_decref(c);
	str_done(&s->refused);
	str_done(&s->warned);
	s->refused = s->warned = (struct str){0};
	return r;
}

static int scan_lines(struct scanner *s, struct err *e)
{
	cleanup_free char *line = NULL;
	size_t cap = 0;
	int r = 0;

	while (r == 0 && getline(&line, &cap, stdin) > 0)
		r = scan_line(s, line, e);
	return r;
}

/* ---- rules */

static int load(struct scanner *s, const char *cache_dir, const char *known, struct err *e)
{
	cleanup_fd int cache = scan_cache_open(cache_dir, NULL, 0, NULL, e);
	struct scan_secret list[KNOWN_MAX];
	struct scan_sources from = {.cache_fd = cache, .known = list};
	FILE *f = fopen(known, "r");
	char *lines[KNOWN_MAX] = {NULL};
	size_t cap = 0;
	int r = cache;

	if (!f)
		return err_set(e, errno, "open '%s'", known);
	while (from.n_known < KNOWN_MAX && getline(&lines[from.n_known], &cap, f) > 0) {
		char *line = lines[from.n_known];

		line[strcspn(line, "\n")] = '\0';
		list[from.n_known++] = (struct scan_secret){"a known secret", line, strlen(line)};
		cap = 0;
	}
	fclose(f);
	if (r >= 0)
		r = scan_rules_new(&from, &s->rules, e);
	for (size_t i = 0; i < KNOWN_MAX; i++)
		free(lines[i]);
	return r;
}

int main(int argc, char **argv)
{
	struct scanner s = {0};
	struct err e = {0};
	unsigned int sets = SCAN_OUTBOUND | SCAN_KNOWN | SCAN_ENTROPY;
	int r;

	if (argc < 3) {
		fputs("usage: scanner CACHE-DIRECTORY KNOWN-SECRETS-FILE [outbound|inbound "
		      "[SEED]]\n",
			stderr);
		return 2;
	}
	if (argc > 3 && str_eq(argv[3], "inbound"))
		sets = SCAN_INBOUND;
	if (argc > 4)
		s.seed = (unsigned int)strtoul(argv[4], NULL, 10) | 1;
	r = load(&s, argv[1], argv[2], &e);
	if (r >= 0)
		r = scan_open(s.rules, sets, on_finding, &s, &s.scan, &e);
	if (r >= 0)
		r = scan_lines(&s, &e);
	scan_close(s.scan);
	scan_rules_free(s.rules);
	return r < 0 ? die(&e) : 0;
}
