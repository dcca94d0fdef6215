#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

/*
 * Log lines as runc's callers expect them: logrus text (time="…" level=error msg="…") or one JSON
 * object a line. A message is data: control characters are escaped. Never pass a secret.
 */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

/*
 * Where lines go: a file opened for append, or -1 for standard error alone. With a file, standard
 * error gets errors only, and of them the message alone: engines show it as it is. Takes fd.
 */
void log_setup(int fd, enum log_format format, enum log_level lowest);

/* Whether anything goes to standard error (default: yes). */
void log_to_stderr(int on);

void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_debug(...)	 log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)	 log_line(LOG_INFO, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_error(...)	 log_line(LOG_ERROR, __VA_ARGS__)

#endif
