#include "shim/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

static const struct option_def *find(const struct options *o, const char *name, size_t len)
{
	for (size_t i = 0; i < o->n_defs; i++) {
		const struct option_def *d = &o->defs[i];

		if (len == 1 && d->letter && d->letter == *name)
			return d;
		if (strlen(d->name) == len && memcmp(d->name, name, len) == 0)
			return d;
	}
	return NULL;
}

static int set_switch(const struct option_def *d, const char *value, struct err *e)
{
	bool *to = d->to;

	if (!value || strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*to = true;
	else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*to = false;
	else
		return err_say(e, EINVAL,
			"invalid boolean value \"%s\" for --%s: expected true or false", value,
			d->name);
	return 0;
}

static int add_names(char ***to, const char *value)
{
	cleanup_free char *copy = strdup(value);
	char *save = NULL;

	if (!copy)
		return -ENOMEM;
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save))
		if (strv_add(to, p) < 0)
			return -ENOMEM;
	return 0;
}

static int set_value(const struct option_def *d, const char *value, struct err *e)
{
	int r = 0;

	switch (d->type) {
	case OPTION_SWITCH:
		return set_switch(d, value, e);
	case OPTION_STRING:
		*(const char **)d->to = value;
		break;
	case OPTION_LIST:
		r = strv_add(d->to, value);
		break;
	case OPTION_NAMES:
		r = add_names(d->to, value);
		break;
	case OPTION_NUMBER:
		if (!str_to_long(value, 0, INT_MAX, d->to))
			return err_say(e, EINVAL,
				"invalid value \"%s\" for flag --%s: expected a number", value,
				d->name);
		break;
	}
	return r < 0 ? err_set(e, -r, "option --%s", d->name) : 0;
}

/* One option at argv[i]. The number of arguments it took, OPTIONS_HELP, or -EINVAL. */
static int take_option(const struct options *o, int left, char **argv, struct err *e)
{
	const char *name = argv[0] + (argv[0][1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const char *value = equals ? equals + 1 : NULL;
	const struct option_def *d = find(o, name, len);
	int r, taken = 1;

	if (!d && ((len == 4 && memcmp(name, "help", 4) == 0) || (len == 1 && *name == 'h'))) {
		options_print_help(o);
		return OPTIONS_HELP;
	}
	if (!d)
		return err_say(e, EINVAL,
			"%s: flag provided but not defined: %s (--help lists them)", o->program,
			argv[0]);
	if (d->type != OPTION_SWITCH && !value) {
		if (left < 2)
			return err_say(e, EINVAL, "flag needs an argument: --%s", d->name);
		value = argv[1];
		taken = 2;
	}
	r = set_value(d, value, e);
	return r < 0 ? r : taken;
}

int options_parse(const struct options *o, int argc, char **argv, struct err *e)
{
	int operands = 0, i = 1;

	while (i < argc) {
		int r;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		/* A lone "-" is an operand: standard input. */
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			argv[++operands] = argv[i++];
			if (o->stop_at_operand)
				break;
			continue;
		}
		r = take_option(o, argc - i, &argv[i], e);
		if (r < 0)
			return r == OPTIONS_HELP ? r : OPTIONS_WRONG;
		i += r;
	}
	while (i < argc)
		argv[++operands] = argv[i++];
	/* argv[argc] is NULL already; what moved up must end, too. */
	argv[operands + 1] = NULL;
	return operands;
}

void options_print_help(const struct options *o)
{
	printf("usage: %s%s%s\n\n%s\n", o->program, *o->usage ? " " : "", o->usage, o->help);
	if (o->n_defs > 0)
		printf("\noptions:\n");
	for (size_t i = 0; i < o->n_defs; i++) {
		const struct option_def *d = &o->defs[i];
		cleanup_free char *left =
			d->letter ? str_format("-%c, --%s %s", d->letter, d->name,
					    d->value ? d->value : "")
				  : str_format("    --%s %s", d->name, d->value ? d->value : "");

		printf("  %-30s %s\n", left ? left : d->name, d->help);
	}
	printf("  -h, --help                     show this\n");
}

int options_need(const struct options *o, int n, int min, int max, struct err *e)
{
	int wanted = n < min ? min : max;

	if (n >= min && n <= max)
		return 0;
	err_say(e, EINVAL, "%s requires %s %d argument(s), found %d; usage: %s%s%s", o->program,
		min == max ? "exactly"
		: n < min  ? "a minimum of"
			   : "a maximum of",
		wanted, n, o->program, *o->usage ? " " : "", o->usage);
	return OPTIONS_WRONG;
}
