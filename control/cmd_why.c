#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"
#include "control/command.h"
#include "control/egress_job.h"
#include "control/home.h"
#include "control/options.h"
#include "control/log_show.h"

#define ID_DIGITS 16

static const char help[] =
	"usage: bottle why [options] [METHOD] URL\n"
	"       bottle why [--home DIR] ID\n"
	"\n"
	"Says what a bottle's egress would make of a request, and by which rule, without starting\n"
	"anything: which route and entry would allow it, what would be added and scanned; or what\n"
	"the agent would be answered. METHOD is GET where none is given. Names are not resolved,\n"
	"and no secret is looked up. With the ID of a refusal: its line of the log.\n"
	"\n"
	"  --bottle NAME   the bottle; may be given more than once, later ones win\n"
	"                  (default: default)\n"
	"  -H, --header 'NAME: VALUE'\n"
	"                  a header of the request; may be given more than once\n"
	"  --json          the answer as an object\n"
	"  --home DIR      the operator's directory\n"
	"                  (default: $BOTTLE_HOME, ~/.bot-bottle or " HOME_OF_ENGINE ")\n"
	"\n"
	"The exit status is 0 when the request would be allowed, 1 when it would be refused, 2 "
	"when\n"
	"that cannot be told.\n";

struct why_options {
	const char *home, *method, *url;
	char **bottles, **headers; /* owned lists */
	bool json;
};

static int set_option(void *arg, int which, const char *value, struct err *e)
{
	struct why_options *o = arg;

	switch (which) {
	case 'b':
		return strv_add(&o->bottles, value) < 0 ? err_set(e, ENOMEM, "--bottle") : 0;
	case 'H':
		return strv_add(&o->headers, value) < 0 ? err_set(e, ENOMEM, "--header") : 0;
	default:
		o->json = true;
		return 0;
	}
}

/* Told here, since the proxy would take a lone method for a host, and another scheme for a bad
 * target. */
static int check_url(const char *url, struct err *e)
{
	static const char *const known[] = {"http", "https", "ws", "wss", NULL};
	const char *end = strstr(url, "://");
	size_t n = end ? (size_t)(end - url) : 0;
	int i;

	if (*url && url[strspn(url, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0')
		return err_say(e, EINVAL,
			"'%s' is a method and no URL; for example: bottle why GET "
			"https://api.example.com/",
			url);
	if (n == 0 || strcspn(url, "/?#") < n)
		return 0;
	for (i = 0; known[i]; i++)
		if (strlen(known[i]) == n && strncasecmp(url, known[i], n) == 0)
			return 0;
	return err_say(e, EINVAL,
		"'%s' has no scheme of http, https, ws and wss; of a tcp route: bottle why CONNECT "
		"HOST:PORT",
		url);
}

static int take_arguments(struct why_options *o, char **args, struct err *e)
{
	if (!args[0])
		return err_say(e, EINVAL,
			"no URL given; for example: bottle why GET https://api.example.com/");
	o->method = args[1] ? args[0] : "GET";
	o->url = args[1] ? args[1] : args[0];
	if (check_url(o->url, e) < 0)
		return -EINVAL;
	return !o->bottles && strv_add(&o->bottles, "default") < 0 ? err_set(e, ENOMEM, "--bottle")
								   : 0;
}

static int parse_options(char **argv, struct why_options *o, struct err *e)
{
	static const struct option table[] = {{"bottle", required_argument, NULL, 'b'},
		{"header", required_argument, NULL, 'H'}, {"json", no_argument, NULL, 'j'},
		OPTIONS_COMMON};
	const struct options options = {.command = "why",
		.help = help,
		.letters = "H:h",
		.table = table,
		.set = set_option,
		.arg = o};
	char **rest;
	int r = options_read(&options, argv, &o->home, &rest, e);

	if (r <= 0)
		return r;
	r = options_at_most(&options, rest, 2, e);
	if (r == 0)
		r = take_arguments(o, rest, e);
	return r < 0 ? r : 1;
}

/* ---- the question */

static int ask(const char *home, const struct why_options *o, json_t **ret, struct err *e)
{
	const struct plan_reload from = {.home = home, .slug = "why", .bottles = o->bottles};
	struct plan_bottle *bottle = NULL;
	cleanup_json json_t *question = NULL;
	json_t *policy;
	int r = plan_reload(&from, NULL, &bottle, e);

	if (r < 0)
		return r;
	policy = policy_egress_to_json(&bottle->egress);
	plan_bottle_free(bottle);
	if (policy)
		question = json_pack("{s:o, s:s, s:s, s:o}", "policy", policy, "method", o->method,
			"url", o->url, "headers", json_from_strv(o->headers));
	return question ? egress_job_ask(question, ret, e)
			: err_say(e, EINVAL, "the request is not UTF-8");
}

/* ---- the answer, for people */

static void put(const char *name, const char *text)
{
	if (!text)
		return;
	printf("  %-11s ", name);
	log_put_safe(stdout, text, strlen(text));
	putchar('\n');
}

static const char *text_of(const json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key));
}

static void put_list(const char *name, const json_t *list)
{
	cleanup_str struct str s = {0};
	size_t i;
	json_t *item;

	json_array_foreach (list, i, item)
		str_addf(&s, "%s%s", i ? ", " : "", json_string_value(item));
	put(name, s.len > 0 ? s.s : "nothing");
}

static void put_credential(const json_t *c)
{
	const char *scheme = text_of(c, "scheme"), *ref = text_of(c, "token_ref");
	const char *header = text_of(c, "header"), *parameter = text_of(c, "parameter");
	cleanup_str struct str s = {0};

	if (!scheme)
		return;
	if (str_eq(scheme, "none"))
		str_add(&s, "none; the agent's own Authorization is taken out");
	else if (str_eq(scheme, "pass"))
		str_add(&s, "the agent's own Authorization is kept, and read");
	else
		str_addf(&s, "%s%s%s%s%s", scheme, ref ? " of " : "", ref ? ref : "",
			header || parameter ? ", in " : "",
			header	    ? header
			: parameter ? parameter
				    : "");
	if (json_is_true(json_object_get(c, "require")))
		str_add(&s, "; a request without its placeholder is refused");
	put("credential", s.s);
}

static void show_scanning(const json_t *s)
{
	if (!s)
		return;
	put_list("leaving", json_object_get(s, "outbound"));
	put("on a match", text_of(s, "outbound_on_match"));
	put("unreadable", text_of(s, "unreadable"));
	put_list("coming in", json_object_get(s, "inbound"));
}

static void show(const json_t *j)
{
	const json_t *answer = json_object_get(j, "answer"), *near = json_object_get(j, "near");
	json_int_t status = json_integer_value(json_object_get(j, "status"));

	printf("%s: ", text_of(j, "verdict") ? text_of(j, "verdict") : "?");
	log_put_safe(stdout, text_of(j, "method"), strlen(text_of(j, "method")));
	putchar(' ');
	log_put_safe(stdout, text_of(j, "url"), strlen(text_of(j, "url")));
	putchar('\n');
	put("route", text_of(j, "route"));
	put("rule", text_of(j, "rule"));
	put_credential(json_object_get(j, "credential"));
	show_scanning(json_object_get(j, "scanning"));
	if (!answer)
		return;
	printf("  %-11s %" JSON_INTEGER_FORMAT " ", "answer", status);
	log_put_safe(stdout, text_of(answer, "error"), strlen(text_of(answer, "error")));
	putchar('\n');
	put("reason", text_of(answer, "reason"));
	put("to ask", text_of(answer, "how_to_ask"));
	if (json_array_size(near) > 0)
		put_list("routes near", near);
}

/* ---- an id */

static bool is_id(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return n == ID_DIGITS && text[n] == '\0';
}

static int show_line(const struct why_options *o, struct err *e)
{
	char *argv[] = {(char *)"bottle why", (char *)"--id", (char *)o->url,
		(char *)(o->json ? "--json" : "--component=egress"),
		(char *)(o->home ? "--home" : NULL), (char *)o->home, NULL};

	return cmd_logs.run(argv, e);
}

static int answer(const struct why_options *o, struct err *e)
{
	cleanup_free char *home = NULL;
	cleanup_json json_t *j = NULL;
	int r = home_find(o->home, &home, e);

	if (r == 0)
		r = ask(home, o, &j, e);
	if (r < 0)
		return r;
	if (!text_of(j, "verdict") || !text_of(j, "method") || !text_of(j, "url"))
		return err_say(e, EPROTO, "bottle-egress has answered something else");
	if (o->json) {
		json_dumpf(j, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
		putchar('\n');
	} else {
		show(j);
	}
	return str_eq(text_of(j, "verdict"), "allowed") ? 0 : 1;
}

#define CANNOT_TELL 2

static int run(char **argv, struct err *e)
{
	struct why_options o = {0};
	int r = parse_options(argv, &o, e);

	if (r > 0)
		r = is_id(o.url) ? show_line(&o, e) : answer(&o, e);
	strv_free(o.bottles);
	strv_free(o.headers);
	if (r >= 0)
		return r;
	fprintf(stderr, "bottle why: %s\n", e->msg);
	return CANNOT_TELL;
}

const struct command cmd_why = {
	.name = "why",
	.help = "say what would become of a request, and by which rule",
	.run = run,
};
