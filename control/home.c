#include "control/home.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"

char *home_find(const char *given)
{
	const char *env = getenv("BOTTLE_HOME"), *user = getenv("HOME");
	cleanup_free char *own = str_format("%s/.bot-bottle", user ? user : "");

	if (given || (env && *env))
		return realpath(given ? given : env, NULL);
	if (own && user && access(own, F_OK) == 0)
		return steal_ptr(&own);
	return strdup(HOME_OF_ENGINE);
}
