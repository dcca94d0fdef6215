#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/frontmatter.h"
#include "bundle/plan.h"
#include "shim/cmd.h"
#include "shim/options.h"

/* `plan` shows what create would do. It reads files and touches nothing. */

static int print_plan(const struct plan *p, struct err *e)
{
	cleanup_json json_t *j = plan_to_json(p);

	if (!j)
		return err_set(e, ENOMEM, "print the plan");
	if (json_dumpf(j, stdout, JSON_INDENT(2) | JSON_SORT_KEYS) < 0 || putchar('\n') == EOF ||
		fflush(stdout) == EOF)
		return err_set(e, errno, "write the plan");
	return EXIT_SUCCESS;
}

/* What does not fit into one error is told in full here, a line each. */
static int build_plan(
	const struct globals *g, struct oci *oci, const char *id, struct plan **ret, struct err *e)
{
	cleanup_str struct str problems = {0};
	struct plan_choice choice = g->choice;
	int r;

	choice.problems = &problems;
	r = plan_build(oci, &choice, id, ret, e);
	if (r < 0)
		frontmatter_several(&problems, e);
	if (r < 0 && problems.len > 0)
		fputs(problems.s, stderr);
	return r;
}

static int run_plan(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *bundle = ".";
	const struct option_def defs[] = {
		{"bundle", 'b', OPTION_STRING, &bundle, "DIR",
			"the bundle's directory (default .)"},
	};
	const struct options options = {
		.program = "bottle-shim plan",
		.usage = cmd_plan.usage,
		.help = cmd_plan.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
	};
	struct plan *plan = NULL;
	struct oci *oci = NULL;
	int r, n = options_parse(&options, argc, argv, e);

	if (n == OPTIONS_HELP)
		return EXIT_SUCCESS;
	if (n < 0 || (n = options_need(&options, n, 0, 1, e)) < 0)
		return n;
	r = oci_load(bundle, NULL, &oci, e);
	if (r >= 0)
		r = build_plan(g, oci, argc > 1 && argv[1] ? argv[1] : "plan", &plan, e);
	if (r >= 0)
		r = print_plan(plan, e);
	plan_free(plan);
	return r;
}

const struct command cmd_plan = {
	.name = "plan",
	.usage = "[--bundle DIR] [ID]",
	.help = "Show what create would do, as JSON, and touch nothing.",
	.run = run_plan,
};
