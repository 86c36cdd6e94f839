/* periodicity.c: vectors of format periodicity: Fisher's g, autocorrelation, persistence and entropy. */
#include <stdlib.h>
#include <string.h>

#include "detect/periodicity.h"
#include "label.h"
#include "vectors.h"

#define HORIZON_MOST (366 * 24)

static void check_fisher(const json_t *c)
{
	const json_t *expected = json_object_get(c, "fisher_g"), *value;
	size_t n;
	const double *x;
	struct fisher f;
	const char *lag;
	int err;

	vector_case("%s", text_of(c, "name"));
	x = vector_doubles(json_object_get(c, "x"), &n);
	err = periodicity_fisher(x, n, &f);
	if (err) {
		vector_fail("periodicity_fisher() failed: %s", strerror(-err));
	} else {
		vector_number(json_object_get(expected, "q"), f.q, "q");
		vector_number(json_object_get(expected, "g"), f.g, "g");
		vector_number(json_object_get(expected, "p"), f.p, "p");
	}
	json_object_foreach((json_t *)json_object_get(c, "acf"), lag, value)
	{
		double r;

		if (periodicity_autocorrelation(x, n, strtoul(lag, NULL, 10), &r))
			vector_fail("lag %s was refused", lag);
		else
			vector_number(value, r, label("autocorrelation at lag %s", lag));
	}
}

static void check_persistence(const json_t *c)
{
	static const struct {
		const char *key;
		size_t bin_hours;
	} scales[] = { { "bin1h_n10", 1 }, { "bin2h_n10", 2 }, { "bin4h_n10", 4 } };
	const json_t *expected = json_object_get(c, "expect"), *hour;
	bool active[HORIZON_MOST] = { false };
	double most = 0;
	size_t hours, i;

	vector_case("persistence %s", text_of(c, "name"));
	hours = number_of(c, "horizon_hours");
	if (hours > HORIZON_MOST) {
		vector_fail("the horizon is more than a year");
		return;
	}
	json_array_foreach(json_object_get(c, "active_hours"), i, hour)
	{
		size_t at = json_integer_value(hour);

		if (at < hours)
			active[at] = true;
		else
			vector_fail("hour %zu is beyond the horizon", at);
	}
	for (i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
		double p = periodicity_persistence(active, hours, scales[i].bin_hours);

		vector_number(json_object_get(expected, scales[i].key), p, scales[i].key);
		most = p > most ? p : most;
	}
	vector_number(json_object_get(expected, "persistence"), most, "persistence");
}

void vectors_periodicity(const json_t *file)
{
	const json_t *c;
	size_t i;

	json_array_foreach(json_object_get(file, "fisher"), i, c) check_fisher(c);
	json_array_foreach(json_object_get(file, "persistence"), i, c) check_persistence(c);
	json_array_foreach(json_object_get(file, "entropy_bits"), i, c)
	{
		const json_t *s = json_object_get(c, "s");

		vector_case("entropy of %s", text_of(c, "s"));
		vector_number(json_object_get(c, "H"), entropy_bits(text_of(c, "s"), json_string_length(s)), "it");
	}
}
