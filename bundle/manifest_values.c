#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "bundle/manifest.h"

/* Single values that several keys of a manifest have. */

#define PEM_MAX (1U << 20)

int manifest_read_text(struct frontmatter *f, const struct yaml_node *n, char **ret)
{
	const char *text;

	if (!yaml_str(&f->problems, n, &text))
		return 0;
	if (!*text) {
		yaml_problem(&f->problems, n, "it is empty");
		return 0;
	}
	free(*ret);
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int manifest_read_secret(struct frontmatter *f, const struct yaml_node *n, char **ret)
{
	const char *name;

	if (!yaml_str(&f->problems, n, &name))
		return 0;
	if (!manifest_name_ok(name) || strpbrk(name, "+@"))
		yaml_problem(
			&f->problems, n, "no name of a secret: letters, digits and . _ - only");
	free(*ret);
	*ret = strdup(name);
	return *ret ? 0 : -ENOMEM;
}

int manifest_read_pem(struct frontmatter *f, const struct yaml_node *n, char **ret_pem)
{
	cleanup_free char *path = n ? frontmatter_path(f, n) : NULL, *pem = NULL;
	struct err why = {0};
	size_t len;

	if (!path)
		return 0;
	if (path_check_strict(path, f->owner, &why) < 0 ||
		fd_read_file(AT_FDCWD, path, PEM_MAX, &pem, &len, &why) < 0)
		yaml_problem(&f->problems, n, "%s", why.msg);
	else if (!strstr(pem, "-----BEGIN CERTIFICATE-----") || strlen(pem) != len)
		yaml_problem(&f->problems, n, "'%s' holds no certificate in PEM form", path);
	else if (strstr(pem, "PRIVATE KEY-----"))
		yaml_problem(&f->problems, n,
			"'%s' holds a private key, too; here stand certificates only", path);
	free(*ret_pem);
	*ret_pem = steal_ptr(&pem);
	return 0;
}

int manifest_read_tls(struct frontmatter *f, struct yaml_node *tls, char **ret_pem)
{
	const struct yaml_node *ca;

	if (!tls || !yaml_is(&f->problems, tls, YAML_MAP))
		return 0;
	ca = yaml_need(&f->problems, tls, "ca");
	yaml_finish(&f->problems, tls, "ca");
	return manifest_read_pem(f, ca, ret_pem);
}

static bool parse_size(const char *text, int64_t max, int64_t *ret)
{
	static const struct {
		const char *word;
		unsigned int shift;
	} units[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"", 0}};
	size_t digits = strspn(text, "0123456789"), i = 0;
	cleanup_free char *number = strndup(text, digits);
	long n;

	while (i < ARRAY_LEN(units) && !str_eq(units[i].word, text + digits))
		i++;
	if (i == ARRAY_LEN(units) || !number ||
		!str_to_long(number, 1, (long)(max >> units[i].shift), &n))
		return false;
	*ret = (int64_t)n << units[i].shift;
	return true;
}

bool manifest_read_size(struct frontmatter *f, const struct yaml_node *n, int64_t max, int64_t *ret)
{
	if (!n)
		return false;
	if ((n->type == YAML_NUMBER || n->type == YAML_STRING) && parse_size(n->text, max, ret))
		return true;
	yaml_problem(&f->problems, n,
		"'%s' is no size; expected bytes, or a number with KiB, MiB or GiB behind it "
		"(512MiB, 2GiB), from 1 to %lld%s",
		n->text ? n->text : "", (long long)(max >= 1LL << 30 ? max >> 30 : max >> 10),
		max >= 1LL << 30 ? "GiB" : "KiB");
	return false;
}

enum manifest_said manifest_read_switch(struct frontmatter *f, const struct yaml_node *n)
{
	bool on;

	if (!yaml_bool(&f->problems, n, &on))
		return SAID_NOTHING;
	return on ? SAID_YES : SAID_NO;
}
