#ifndef GATE_SSH_H
#define GATE_SSH_H

/*
 * This program as git's ssh (GIT_SSH): git says user, host and port as the URL has them, we say
 * them anew from the policy, with the options that make the connection what the operator declared:
 * this key, this host key, this address, nobody's configuration, nobody to ask. Watches the stream:
 * an upstream that is silent for the policy's idle_timeout_s while git waits for it is given up;
 * one that is at work on a push, or our git, may be silent forty times as long. Returns the exit
 * status.
 */
int ssh_main(int argc, char **argv);

#endif
