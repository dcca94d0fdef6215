#include <string.h>

#include "base/ptr.h"
#include "egress/sigv4.h"

/* A Date (RFC 9110 section 5.6.7), without the C library's calendar, which opens files. */

#define DATE_LENGTH 29 /* Sun, 06 Nov 1994 08:49:37 GMT */

static bool read_number(const char *p, size_t digits, int *ret)
{
	*ret = 0;
	for (size_t i = 0; i < digits; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*ret = *ret * 10 + (p[i] - '0');
	}
	return true;
}

static int month_of(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int m = 0; m < 12; m++)
		if (memcmp(p, names + 3 * m, 3) == 0)
			return m;
	return -1;
}

/* Days since 1970-01-01 of a day of the Gregorian calendar; month from 0. */
static int64_t days_of(int year, int month, int day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	/* Leap days up to this month of this year. */
	int y = month < 2 ? year - 1 : year;

	return 365LL * (year - 1970) + (y / 4 - y / 100 + y / 400) - 477 + before[month] + day - 1;
}

static bool read_date(const char *text, int64_t *ret)
{
	int day, month, year, hour, minute, second;

	if (strlen(text) != DATE_LENGTH || strcmp(text + 25, " GMT") != 0 ||
		!read_number(text + 5, 2, &day) || !read_number(text + 12, 4, &year) ||
		!read_number(text + 17, 2, &hour) || !read_number(text + 20, 2, &minute) ||
		!read_number(text + 23, 2, &second))
		return false;
	month = month_of(text + 8);
	if (month < 0 || year < 1970)
		return false;
	*ret = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

bool sigv4_skew(const struct http1_head *response, int64_t now_s, int64_t *ret)
{
	const char *date = http1_field(response, "Date", NULL);
	int64_t theirs, skew;

	/* AWS refuses what it takes for too old or too new with one of these. */
	if ((response->status != 403 && response->status != 400) || !date ||
		!read_date(date, &theirs))
		return false;
	skew = theirs - now_s;
	if (skew < -SIGV4_SKEW_MAX || skew > SIGV4_SKEW_MAX)
		return false;
	*ret = skew;
	return true;
}
