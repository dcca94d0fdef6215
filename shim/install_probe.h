#ifndef SHIM_INSTALL_PROBE_H
#define SHIM_INSTALL_PROBE_H

/*
 * What a bottle needs of the kernel, each tried in a child that is in namespaces of its own, so
 * that nothing of the machine changes. Needs root to be sure; without it, only what can be tried.
 */
struct install_probe {
	const char *what;    /* "links between namespaces (veth)" */
	const char *missing; /* what would help: an option of the kernel or a module */
	int (*try)(void);    /* 0, or -errno */
};

/* Ends with an entry whose `what` is NULL. */
extern const struct install_probe install_probes[];

/* Runs one in its child. 0, or -errno. */
int install_probe_run(const struct install_probe *p);

#endif
