#include "control/log_since.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/utc.h"

#define AGO_MAX (10L * 365 * 86400)

/* Seconds; -1: it is no such text. */
static long ago(const char *text)
{
	static const struct {
		char unit;
		long seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	size_t len = strlen(text);
	char number[16];
	long n;

	if (len < 2 || len > sizeof(number))
		return -1;
	memcpy(number, text, len - 1);
	number[len - 1] = '\0';
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].unit == text[len - 1] &&
			str_to_long(number, 0, AGO_MAX / units[i].seconds, &n))
			return n * units[i].seconds;
	return -1;
}

/* The first len characters of "dddd-dd-ddTdd:dd:ddZ". */
static bool is_beginning(const char *text, size_t len)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

	if (len != 10 && len != 16 && len != 17 && len != 19 && len != 20)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool last = i == 16 && len == 17; /* "…12:00Z" */
		char want = last ? 'Z' : form[i];

		if (want == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != want)
			return false;
	}
	return true;
}

int log_since(const char *text, char ret[20], struct err *e)
{
	static const char zero[] = "0000-00-00T00:00:00";
	size_t len = strlen(text);
	long seconds = ago(text);
	char when[UTC_SIZE];

	if (seconds >= 0) {
		utc_format(time(NULL) - seconds, when);
		snprintf(ret, 20, "%.19s", when);
		return 0;
	}
	if (!is_beginning(text, len))
		return err_say(e, EINVAL,
			"--since '%s': expected a time ago (90s, 15m, 2h, 3d) or a time in UTC "
			"(2026-01-31, 2026-01-31T12:00, 2026-01-31T12:00:00Z)",
			text);
	memcpy(ret, zero, sizeof(zero));
	memcpy(ret, text, len < 17 ? len : len == 17 ? 16 : 19);
	return 0;
}
