#include "base/utc.h"

#include <stdio.h>

/* Days to civil date as in the proleptic Gregorian calendar, years counted from March. */
void utc_format(time_t t, char out[UTC_SIZE])
{
	long days = t / 86400 + 719468, secs = t % 86400;
	long era = days / 146097, day_of_era = days % 146097;
	long year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	long month_from_march = (5 * day_of_year + 2) / 153;
	long day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
	long month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	long year = year_of_era + era * 400 + (month <= 2);

	snprintf(out, UTC_SIZE, "%04ld-%02ld-%02ldT%02ld:%02ld:%02ld", year, month, day,
		secs / 3600, secs / 60 % 60, secs % 60);
}
