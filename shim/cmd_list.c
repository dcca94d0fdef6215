#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/state_match.h"

#define COLUMNS 6

struct list_options {
	const char *format;
	bool quiet;
};

static int parse(int argc, char **argv, struct list_options *ret, struct err *e)
{
	const struct option_def defs[] = {
		{"format", 'f', OPTION_STRING, &ret->format, "FORMAT", "table (default) or json"},
		{"quiet", 'q', OPTION_SWITCH, &ret->quiet, NULL, "only the ids"},
	};
	struct options o = {.program = "bottle-shim list",
		.usage = cmd_list.usage,
		.help = cmd_list.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs)};
	int n = options_parse(&o, argc, argv, e);

	if (n < 0 || n == OPTIONS_HELP)
		return n;
	if (strcmp(ret->format, "table") != 0 && strcmp(ret->format, "json") != 0)
		return err_say(e, EINVAL, "invalid format option '%s': table or json", ret->format);
	return options_need(&o, n, 0, 0, e);
}

/* One entry, in the words of runc: the state and three members more. */
static json_t *entry(const struct state *s)
{
	cleanup_free char *owner = state_owner(s);
	json_t *j = state_to_json(s, state_status(s));

	if (j) {
		json_object_set_new(j, "rootfs", json_string(s->rootfs ? s->rootfs : ""));
		json_object_set_new(j, "created", json_string(s->created ? s->created : ""));
		json_object_set_new(j, "owner", json_string(owner ? owner : ""));
	}
	return j;
}

/* What cannot be read is being made or removed by another command right now. */
static int load_all(const char *root, char *const *ids, json_t **ret, struct err *e)
{
	cleanup_json json_t *list = json_array();

	for (; ids && *ids; ids++) {
		cleanup_state struct state *s = NULL;
		int r = state_load(root, *ids, &s, e);

		if (r < 0) {
			log_debug("%s: %s", *ids, e->msg);
			continue;
		}
		if (json_array_append_new(list, entry(s)) < 0)
			return err_set(e, ENOMEM, "list containers");
	}
	*ret = steal_ptr(&list);
	return 0;
}

static void cells(json_t *one, char pid[16], const char *ret[COLUMNS])
{
	static const char *const names[COLUMNS] = {
		"id", "pid", "status", "bundle", "created", "owner"};

	for (int i = 0; i < COLUMNS; i++) {
		const char *text = json_string_value(json_object_get(one, names[i]));

		ret[i] = text ? text : "";
	}
	snprintf(pid, 16, "%d", (int)json_integer_value(json_object_get(one, "pid")));
	ret[1] = pid;
}

/* Columns of at least 12 characters with three blanks between them. */
static void print_table(json_t *list)
{
	const char *row[COLUMNS] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};
	int width[COLUMNS] = {9, 9, 9, 9, 9, 9};
	char pid[16];

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *cell[COLUMNS];

		cells(json_array_get(list, i), pid, cell);
		for (int c = 0; c < COLUMNS; c++)
			if ((int)strlen(cell[c]) > width[c])
				width[c] = (int)strlen(cell[c]);
	}
	for (size_t i = 0; i <= json_array_size(list); i++) {
		if (i > 0)
			cells(json_array_get(list, i - 1), pid, row);
		for (int c = 0; c < COLUMNS - 1; c++)
			printf("%-*s   ", width[c], row[c]);
		printf("%s\n", row[COLUMNS - 1]);
	}
}

static int print_json(json_t *list, struct err *e)
{
	if (json_dumpf(list, stdout, JSON_COMPACT) < 0)
		return err_set(e, EIO, "write the list");
	putchar('\n');
	return 0;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct list_options o = {.format = "table"};
	cleanup_json json_t *list = NULL;
	cleanup_strv char **ids = NULL;
	int r = parse(argc, argv, &o, e);

	if (r < 0 || r == OPTIONS_HELP)
		return r;
	r = state_ids(g->root, &ids, e);
	/* The default directory is made by the first container. */
	if (r < 0 && (r != -ENOENT || g->root_given))
		return r;
	r = load_all(g->root, ids, &list, e);
	if (r < 0)
		return r;
	if (o.quiet)
		for (size_t i = 0; i < json_array_size(list); i++)
			puts(json_string_value(json_object_get(json_array_get(list, i), "id")));
	else if (strcmp(o.format, "json") == 0)
		return print_json(list, e);
	else
		print_table(list);
	return 0;
}

const struct command cmd_list = {
	.name = "list",
	.usage = "[options]",
	.help = "List the containers of a root directory.",
	.run = run,
};
