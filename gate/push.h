#ifndef GATE_PUSH_H
#define GATE_PUSH_H

/*
 * This program as git's pre-receive hook (githooks(5)): in the quarantine of a push, before any ref
 * of the mirror has changed. Scans what is new, then forwards all refs. Exit status 0: the upstream
 * has accepted, git may set the mirror's refs; anything else refuses the whole push. What it prints
 * on standard error reaches the agent.
 */
int push_main(void);

#endif
