#ifndef GATE_UNPACK_H
#define GATE_UNPACK_H

/*
 * This program as the git that receive-pack runs (GIT_EXEC_PATH, git(1)): what takes in a pushed
 * pack is run with its standard error passed on, and a pack above the policy's limit told in words
 * that say what to do; any other git is /usr/bin/git. Returns the exit status.
 */
int unpack_main(int argc, char **argv);

#endif
