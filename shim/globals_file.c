#include "shim/globals_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "base/yaml.h"

#define FILE_MAX (64U << 10)

static void fill_string(struct yaml_problems *p, const struct yaml_node *n,
	const struct option_def *d, char ***owned)
{
	const char *text;

	if (!yaml_str(p, n, &text) || *(const char **)d->to)
		return;
	if (strv_add(owned, text) < 0)
		yaml_problem(p, n, "out of memory");
	else
		*(const char **)d->to = (*owned)[strv_len(*owned) - 1];
}

static void add_one(struct yaml_problems *p, const struct yaml_node *n, char ***list)
{
	const char *text;

	if (yaml_str(p, n, &text) && strv_add(list, text) < 0)
		yaml_problem(p, n, "out of memory");
}

/* One name, or a list of them. */
static void fill_list(
	struct yaml_problems *p, const struct yaml_node *n, const struct option_def *d)
{
	char ***list = d->to;

	if (*list)
		return;
	if (n->type != YAML_LIST) {
		add_one(p, n, list);
		return;
	}
	for (const struct yaml_node *item = n->first; item; item = item->next)
		add_one(p, item, list);
}

static void fill(struct yaml_problems *p, const struct yaml_node *n, const struct option_def *d,
	char ***owned)
{
	bool on = false;
	long number;

	switch (d->type) {
	case OPTION_STRING:
		fill_string(p, n, d, owned);
		break;
	case OPTION_SWITCH:
		if (yaml_bool(p, n, &on))
			*(bool *)d->to = *(bool *)d->to || on;
		break;
	case OPTION_LIST:
	case OPTION_NAMES:
		fill_list(p, n, d);
		break;
	case OPTION_NUMBER:
		if (yaml_int(p, n, 0, INT_MAX, &number))
			*(long *)d->to = number;
		break;
	}
}

static int fill_all(
	struct yaml_problems *p, struct yaml_node *root, const struct options *o, char ***owned)
{
	cleanup_str struct str allowed = {0};

	for (size_t i = 0; i < o->n_defs; i++) {
		const struct yaml_node *n = yaml_get(root, o->defs[i].name);

		str_addf(&allowed, "%s%s", i ? ", " : "", o->defs[i].name);
		if (n)
			fill(p, n, &o->defs[i], owned);
	}
	yaml_finish(p, root, allowed.s ? allowed.s : "");
	return allowed.failed ? -ENOMEM : 0;
}

int globals_file_read(const char *path, const struct options *o, char ***owned, struct err *e)
{
	cleanup_free char *text = NULL;
	cleanup_yaml struct yaml_node *root = NULL;
	cleanup_yaml_problems struct yaml_problems p = {.file = path};
	size_t len;
	int r;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = path_check_strict(path, geteuid(), e);
	if (r == 0)
		r = fd_read_file(AT_FDCWD, path, FILE_MAX, &text, &len, e);
	if (r < 0)
		return err_wrap(e, "the runtime's file");
	root = yaml_parse(text, len, 1, &p);
	if (root && fill_all(&p, root, o, owned) < 0)
		return err_set(e, ENOMEM, "'%s'", path);
	return p.n > 0 ? err_say(e, EINVAL, "%s", p.text.s ? p.text.s : path) : 0;
}
