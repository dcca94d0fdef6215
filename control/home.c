#include "control/home.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"

int home_find(const char *given, char **ret, struct err *e)
{
	const char *env = getenv("BOTTLE_HOME"), *user = getenv("HOME");
	const char *named = given ? given : env && *env ? env : NULL;
	cleanup_free char *own = str_format("%s/.bot-bottle", user ? user : "");

	if (named) {
		*ret = realpath(named, NULL);
		return *ret ? 0
			    : err_say(e, errno, "the operator's directory '%s' %s", named,
				      errno == ENOENT ? "does not exist" : "cannot be reached");
	}
	*ret = own && user && access(own, F_OK) == 0 ? steal_ptr(&own) : strdup(HOME_OF_ENGINE);
	return *ret ? 0 : err_set(e, ENOMEM, "the operator's directory");
}
