/* test_date.c: times as lists write them. */
#include "intel/date.h"

#include "unit.h"

static void test_dates(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds; /* 0: no date */
	} rows[] = {
		{ "2026-08-23", 1787443200 },
		{ "2026-08-23 10:11:12", 1787479872 },
		{ "2026-08-23T10:11:12Z", 1787479872 },
		{ "2026-08-23t10:11:12.999z", 1787479872 },
		{ "2026-08-23 10:11:12 UTC", 1787479872 },
		{ "2026-08-23T12:11:12+02:00", 1787479872 },
		{ "2026-08-23T04:41:12-0530", 1787479872 },
		{ "2026-08-23 10:11", 1787479860 },
		{ "2024-02-29", 1709164800 },
		{ "2105-12-31", 4291660800 },
		{ "1970-01-01T00:00:01+00:00", 1 },
		{ "", 0 },
		{ "2026", 0 },
		{ "2026-08", 0 },
		{ "2026-13-01", 0 },
		{ "2026-02-29", 0 },
		{ "2026-08-32", 0 },
		{ "2026-8-3", 0 },
		{ "23-08-2026", 0 },
		{ "2026/08/23", 0 },
		{ "2026-08-23 24:00:00", 0 },
		{ "2026-08-23 10:61:00", 0 },
		{ "2026-08-23T", 0 },
		{ "2026-08-23T10", 0 },
		{ "2026-08-23T10:11:12.", 0 },
		{ "2026-08-23T10:11:12+2", 0 },
		{ "2026-08-23T10:11:12 CET", 0 },
		{ "2026-08-23x", 0 },
		{ "2026-08-23 10:11:12 UTC!", 0 },
		{ "1969-12-31", 0 },
		{ "1970-01-01T00:00:00+01:00", 0 },
		{ "2106-01-01", 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t seconds = 0;
		bool found = date_parse(rows[i].text, strlen(rows[i].text), &seconds);

		if (found != (rows[i].seconds != 0) || seconds != rows[i].seconds)
			fail_msg("'%s': %s %u", rows[i].text, found ? "a date" : "no date", seconds);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
