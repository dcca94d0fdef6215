#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "bundle/git_url.h"
#include "bundle/manifest.h"

/* lfs of a repository: whether large files pass, and where they may lie. */

#define OBJECT_MAX (1LL << 40)

static int read_hosts(struct frontmatter *f, const struct yaml_node *list, struct manifest_lfs *ret)
{
	const char *text;

	if (!list || !yaml_is(&f->problems, list, YAML_LIST))
		return 0;
	if (!list->first)
		yaml_problem(&f->problems, list, "an empty list; leave it out");
	for (const struct yaml_node *c = list->first; c; c = c->next) {
		if (!yaml_str(&f->problems, c, &text))
			continue;
		if (!git_url_is_host(text))
			yaml_problem(&f->problems, c,
				"'%s' is no host: expected NAME or NAME:PORT, in lower case", text);
		else if (strv_add(&ret->hosts, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

int manifest_read_lfs(struct frontmatter *f, struct yaml_node *lfs, struct manifest_lfs *ret)
{
	const struct yaml_node *url;

	if (!lfs)
		return 0;
	if (lfs->type == YAML_BOOL) {
		ret->on = manifest_read_switch(f, lfs);
		return 0;
	}
	if (lfs->type != YAML_MAP) {
		yaml_problem(&f->problems, lfs,
			"expected true, false or {url: https://…, hosts: [NAME], max_object: "
			"SIZE}");
		return 0;
	}
	ret->on = SAID_YES;
	url = yaml_get(lfs, "url");
	if (manifest_read_text(f, url, &ret->url) < 0 ||
		read_hosts(f, yaml_get(lfs, "hosts"), ret) < 0)
		return -ENOMEM;
	if (ret->url && !git_url_is_base(ret->url))
		yaml_problem(&f->problems, url,
			"expected https://HOST[:PORT][/PATH], without a user and without '/' at "
			"the end");
	manifest_read_size(f, yaml_get(lfs, "max_object"), OBJECT_MAX, &ret->max_object);
	yaml_finish(&f->problems, lfs, "url, hosts, max_object");
	return 0;
}
