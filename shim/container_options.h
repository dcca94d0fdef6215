#ifndef SHIM_CONTAINER_OPTIONS_H
#define SHIM_CONTAINER_OPTIONS_H

#include "shim/container.h"
#include "shim/options.h"

/* What create and run have in common: rows of a table of struct option_def. */
#define CONTAINER_OPTIONS(o)                                                                       \
	{"bundle", 'b', OPTION_STRING, &(o)->bundle, "DIR", "the bundle (default: here)"},         \
		{"config", 'f', OPTION_STRING, &(o)->config, "FILE",                               \
			"instead of the bundle's config.json"},                                    \
		{"pid-file", 0, OPTION_STRING, &(o)->pid_file, "FILE", "gets init's pid"},         \
		{"console-socket", 0, OPTION_STRING, &(o)->console_socket, "SOCKET",               \
			"gets the terminal's master"},                                             \
		{"no-pivot", 0, OPTION_SWITCH, &(o)->no_pivot, NULL,                               \
			"move the root instead of pivot_root"},                                    \
		{"no-new-keyring", 0, OPTION_SWITCH, &(o)->no_new_keyring, NULL,                   \
			"keep the caller's session keyring"},                                      \
	{                                                                                          \
		"preserve-fds", 0, OPTION_NUMBER, &(o)->preserve_fds, "N",                         \
			"keep N descriptors from 3 on"                                             \
	}

/* Adds what the environment says: sockets that systemd has opened for the container. */
void container_options_complete(struct container_options *o);

/* Puts runc's words in front of an error of create. Returns -e->code. */
int container_create_failed(struct err *e);

#endif
