#ifndef BUNDLE_FRONTMATTER_H
#define BUNDLE_FRONTMATTER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"
#include "base/yaml.h"

/*
 * The operator's directory: bottles/NAME.md and agents/NAME.md, Markdown with YAML between two
 * lines of "---". Every file is checked as sshd's StrictModes does before it is read.
 */
struct operator_home {
	const char *path;     /* borrowed */
	uid_t owner;	      /* whose the directory is: root's or the operator's */
	struct str *problems; /* all problems of manifests, a line each; NULL: not wanted */
};

/* Looks at the directory. -ENOENT names the layout, also where a left-over bot-bottle.json lies. */
int operator_home_open(struct operator_home *h, const char *path, struct err *e);

struct frontmatter {
	char *path;	  /* of the file */
	char *owner_home; /* home directory of the file's owner: what `~` means in it */
	uid_t owner;
	char *data;
	struct yaml_node *root;
	struct yaml_problems problems; /* file is path */
};

/*
 * Loads HOME/KIND/NAME.md ("bottles" or "agents"). An unknown name is -ENOENT and lists those there
 * are. Problems of the YAML are in ret->problems, where the reader adds its own;
 * frontmatter_finish turns them into an error. The caller calls frontmatter_done, also on failure.
 */
int frontmatter_load(const struct operator_home *h, const char *kind, const char *name,
	struct frontmatter *ret, struct err *e);
int frontmatter_parse(struct frontmatter *f, struct err *e); /* path and data are there */
int frontmatter_finish(const struct operator_home *h, struct frontmatter *f, struct err *e);
void frontmatter_done(struct frontmatter *f);

/*
 * For who tells problems (struct operator_home) as lines of their own, so that nothing is told
 * twice: of several the error then says only how many there are; of a single one it says all, and
 * no line is left in problems.
 */
void frontmatter_several(struct str *problems, struct err *e);

/* As many whole problems as fit into one error, and how many there are beyond. Returns -EINVAL. */
int frontmatter_problems(const struct yaml_problems *p, struct err *e);

/* "~/x" in the words of the file's owner, or an absolute path. NULL with a problem otherwise. */
char *frontmatter_path(struct frontmatter *f, const struct yaml_node *n);

/* Names of manifests, repositories and labels: letters, digits, . _ + @ -; no leading . or -. */
bool manifest_name_ok(const char *name);

#endif
