#include "bundle/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "base/yaml.h"
#include "bundle/frontmatter.h"

#define SETTINGS_FILE "settings.yml"
#define SETTINGS_MAX  (256U << 10)

static int read_command(struct yaml_problems *p, struct yaml_node *secret, char ***ret)
{
	struct yaml_node *command;
	const char *word;

	if (!yaml_is(p, secret, YAML_MAP))
		return 0;
	command = yaml_need(p, secret, "command");
	yaml_finish(p, secret, "command");
	if (!command || !yaml_is(p, command, YAML_LIST))
		return 0;
	for (const struct yaml_node *n = command->first; n; n = n->next)
		if (yaml_str(p, n, &word) && strv_add(ret, word) < 0)
			return -ENOMEM;
	if (!*ret || !(*ret)[0][0])
		yaml_problem(p, command, "expected [PROGRAM, ARGUMENT, …], found no program");
	return 0;
}

/* All are read, so that a mistake is told before the secret that it is about is wanted. */
static int read_secrets(
	struct yaml_problems *p, struct yaml_node *secrets, const char *name, char ***ret)
{
	if (!secrets || !yaml_is(p, secrets, YAML_MAP))
		return 0;
	for (struct yaml_node *n = secrets->first; n; n = n->next) {
		cleanup_strv char **command = NULL;

		if (!manifest_name_ok(n->key))
			yaml_problem(p, n, "no name of a secret: letters, digits and . _ - only");
		if (read_command(p, n, &command) < 0)
			return -ENOMEM;
		if (str_eq(n->key, name))
			*ret = steal_ptr(&command);
	}
	return 0;
}

static int load(const char *home, const char *path, char **ret, size_t *ret_len, struct err *e)
{
	struct stat st;
	int r;

	if (stat(home, &st) < 0)
		return err_set(e, errno, "stat '%s'", home);
	r = path_check_strict(path, st.st_uid, e);
	return r < 0 ? r : fd_read_file(AT_FDCWD, path, SETTINGS_MAX, ret, ret_len, e);
}

int settings_secret_command(const char *home, const char *name, char ***ret, struct err *e)
{
	cleanup_free char *path = str_format("%s/" SETTINGS_FILE, home), *text = NULL;
	cleanup_yaml_problems struct yaml_problems problems = {.file = path};
	cleanup_yaml struct yaml_node *root = NULL;
	cleanup_strv char **command = NULL;
	size_t len;
	int r;

	if (!path)
		return err_set(e, ENOMEM, "the settings");
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	r = load(home, path, &text, &len, e);
	if (r < 0)
		return r;
	root = yaml_parse(text, len, 1, &problems);
	if (root) {
		if (read_secrets(&problems, yaml_get(root, "secrets"), name, &command) < 0)
			return err_set(e, ENOMEM, "the settings");
		yaml_finish(&problems, root, "secrets");
	}
	if (problems.n > 0)
		return frontmatter_problems(&problems, e);
	*ret = steal_ptr(&command);
	return *ret ? 1 : 0;
}
