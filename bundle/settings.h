#ifndef BUNDLE_SETTINGS_H
#define BUNDLE_SETTINGS_H

#include "base/err.h"

/*
 * settings.yml of the operator's directory, checked as sshd's StrictModes does. There need be none.
 *
 *	secrets:
 *	  NAME: {command: [op, read, "op://vault/item/field"]}
 */

/*
 * The command whose output is the secret of that name, as it stands there; nobody's shell reads it.
 * 1 and *ret (strv_free), or 0: the settings name none. An error names file and line.
 */
int settings_secret_command(const char *home, const char *name, char ***ret, struct err *e);

#endif
