#include "control/log_show.h"

#include <inttypes.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"

#define RED    "\033[31m"
#define YELLOW "\033[33m"
#define DIM    "\033[2m"
#define PLAIN  "\033[0m"

static void put(FILE *to, const char *text)
{
	log_put_safe(to, text, strlen(text));
}

static void put_word(FILE *to, const char *before, const char *text, const char *behind)
{
	if (!text)
		return;
	fputs(before, to);
	put(to, text);
	fputs(behind, to);
}

static const char *text_of(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

/* ---- one request */

static void put_size(FILE *to, const char *what, const json_t *n)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double size = (double)json_integer_value(n);
	size_t unit = 0;

	if (!json_is_integer(n))
		return;
	while (size >= 1024 && unit + 1 < sizeof(units) / sizeof(*units)) {
		size /= 1024;
		unit++;
	}
	fprintf(to, unit ? " %s %.1f %s" : " %s %.0f %s", what, size, units[unit]);
}

static void put_url(FILE *to, const json_t *j)
{
	const char *scheme = text_of(j, "url.scheme"), *host = text_of(j, "server.address");
	const char *path = text_of(j, "url.path"), *query = text_of(j, "url.query");
	json_int_t port = json_integer_value(json_object_get(j, "server.port"));
	bool usual = port == 0 || (str_eq(scheme, "https") && port == 443) ||
		     (str_eq(scheme, "http") && port == 80);

	if (!host)
		return;
	putc(' ', to);
	if (scheme)
		put_word(to, "", scheme, "://");
	put(to, host);
	if (!usual)
		fprintf(to, ":%" JSON_INTEGER_FORMAT, port);
	put(to, path ? path : "");
	if (query) {
		putc('?', to);
		put(to, query);
	}
}

static void put_times(FILE *to, const json_t *j)
{
	const json_t *total = json_object_get(j, "bottle.duration.total_ms");
	const json_t *first = json_object_get(j, "bottle.duration.first_byte_ms");

	if (!json_is_number(total))
		return;
	fprintf(to, " %.0f ms", json_number_value(total));
	if (json_is_number(first))
		fprintf(to, " (first byte %.0f)", json_number_value(first));
}

static void put_details(FILE *to, const json_t *j, const struct log_form *form)
{
	const json_t *status = json_object_get(j, "http.response.status_code");
	const char *method = text_of(j, "http.request.method");

	put_word(to, " ", method, "");
	put_url(to, j);
	if (json_is_integer(status))
		fprintf(to, " %" JSON_INTEGER_FORMAT, json_integer_value(status));
	put_word(to, " ", text_of(j, "error.type"), "");
	put_word(to, " (", text_of(j, "bottle.rule"), ")");
	put_word(to, ": ", text_of(j, "message"), "");
	put_size(to, "up", json_object_get(j, "http.request.body.size"));
	put_size(to, "down", json_object_get(j, "http.response.body.size"));
	put_size(to, "up", json_object_get(j, "bottle.bytes.up"));
	put_size(to, "down", json_object_get(j, "bottle.bytes.down"));
	put_times(to, j);
	put_word(to, form->colour ? " " DIM "[" : " [", text_of(j, "bottle.request.id"),
		form->colour ? "]" PLAIN : "]");
}

static const char *colour_of(const json_t *j)
{
	const char *level = text_of(j, "level");

	if (str_eq(text_of(j, "bottle.verdict"), "refused") || str_eq(level, "error"))
		return RED;
	return str_eq(level, "warning") ? YELLOW : "";
}

/* TIME VERDICT … ; false: it is no JSON object. */
static bool show_chain(FILE *to, const struct log_line *l, const struct log_form *form)
{
	cleanup_json json_t *j = json_loadb(l->text, l->len, 0, NULL);
	const char *verdict = text_of(j, "bottle.verdict"), *event = text_of(j, "event");
	const char *colour = form->colour ? colour_of(j) : "";
	char when[20];

	if (!json_is_object(j))
		return false;
	if (log_time(l, when))
		fprintf(to, "%.10s %sZ ", when, when + 11);
	fputs(colour, to);
	put(to, verdict ? verdict : event ? event : "?");
	fputs(*colour ? PLAIN : "", to);
	put_details(to, j, form);
	return true;
}

/* ---- all others */

static void show_as_json(FILE *to, const struct log_line *l, const struct log_form *form)
{
	cleanup_free char *safe = NULL;
	cleanup_json json_t *j = NULL;
	char when[20] = "";
	size_t len;
	/* What is no UTF-8 cannot stand in JSON: it is told as a terminal is. */
	FILE *memory = open_memstream(&safe, &len);

	if (!memory)
		return;
	log_put_safe(memory, l->text, l->len);
	fclose(memory);
	log_time(l, when);
	j = json_pack("{s:s, s:s, s:s}", "component", form->component ? form->component : "?",
		"time", when, "text", safe);
	if (j)
		json_dumpf(j, to, JSON_COMPACT | JSON_ENSURE_ASCII);
}

void log_show(FILE *to, const struct log_line *l, enum log_kind kind, const struct log_form *form)
{
	if (form->json) {
		if (kind == LOG_CHAIN)
			log_put_safe(to, l->text, l->len);
		else
			show_as_json(to, l, form);
	} else {
		if (form->component)
			fprintf(to, "%-8s ", form->component);
		if (kind != LOG_CHAIN || !show_chain(to, l, form))
			log_put_safe(to, l->text, l->len);
		if (l->cut)
			fputs(" [cut]", to);
	}
	putc('\n', to);
}
