#ifndef CONTROL_HOME_H
#define CONTROL_HOME_H

#define HOME_OF_ENGINE "/etc/bot-bottle"

/*
 * The operator's directory, absolute: the given one, else $BOTTLE_HOME, else ~/.bot-bottle where it
 * exists, else the engine's. Caller frees; NULL when the one that was named does not exist.
 */
char *home_find(const char *given);

#endif
