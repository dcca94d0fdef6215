#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Stands in for bottle-monitor, which is executed by descriptor and so can be no script: executes
 * TRACED_DIR/bottle-monitor.real, under strace where TRACED_DIR/VERB.when (VERB: its argument, or
 * "monitor") has strace's expression that tells at which system call it is to end.
 */
#define TRACED_DIR "/tmp/bin"

int main(int argc, char **argv)
{
	char when[256], trace[256], inject[128];
	const char *verb = argc > 1 ? argv[1] : "monitor";
	char *real = (char *)TRACED_DIR "/bottle-monitor.real";
	FILE *f;

	snprintf(when, sizeof(when), TRACED_DIR "/%s.when", verb);
	snprintf(trace, sizeof(trace), TRACED_DIR "/%s.trace", verb);
	f = fopen(when, "re");
	if (f && fgets(inject, sizeof(inject), f)) {
		char *const traced[] = {(char *)"strace", (char *)"-D", (char *)"-qq", (char *)"-o",
			trace, (char *)"-e", inject, real, argc > 1 ? argv[1] : NULL, NULL};

		inject[strcspn(inject, "\n")] = '\0';
		execv("/usr/bin/strace", traced);
	}
	execv(real, argv);
	perror(real);
	return 1;
}
