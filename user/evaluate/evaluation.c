/* evaluation.c: see evaluation.h. */
#include "evaluate/evaluation.h"

#include <errno.h>
#include <stdlib.h>

#include "evaluate/trial.h"

void *evaluation_more(void *items, size_t *room, size_t n, size_t size)
{
	if (n == *room) {
		size_t more = *room ? 2 * *room : 64;
		void *grown = reallocarray(items, more, size);

		if (!grown)
			return NULL;
		*room = more;
		return grown;
	}
	return items;
}

static int add_covered(struct sensor *s, uint64_t day, uint64_t ns)
{
	if (!s->n_covered || s->covered[s->n_covered - 1].day != day) {
		struct covered *more = evaluation_more(s->covered, &s->room_covered, s->n_covered, sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->covered = more;
		more[s->n_covered++] = (struct covered){ .day = day };
	}
	s->covered[s->n_covered - 1].ns += ns;
	return 0;
}

int sensor_cover(struct sensor *s, uint64_t time_ns)
{
	uint64_t from = s->n_covered ? s->to_ns : time_ns, to;
	int err = 0;

	if (time_ns < from)
		return 0;
	to = time_ns - from > SILENCE_NS ? from + SILENCE_NS : time_ns;
	while (!err && from / DAY_NS < to / DAY_NS) {
		uint64_t midnight = (from / DAY_NS + 1) * DAY_NS;

		err = add_covered(s, from / DAY_NS, midnight - from);
		from = midnight;
	}
	if (!err)
		err = add_covered(s, to / DAY_NS, to - from);
	if (!err)
		err = add_covered(s, time_ns / DAY_NS, 0);
	s->to_ns = time_ns;
	return err;
}

uint64_t sensor_covered_ns(const struct sensor *s)
{
	uint64_t ns = 0;

	for (size_t i = 0; i < s->n_covered; i++)
		ns += s->covered[i].ns;
	return ns;
}

double sensor_host_days(const struct sensor *s)
{
	return (double)sensor_covered_ns(s) / (double)DAY_NS * (double)s->clean;
}

void evaluation_free(struct evaluation *e)
{
	for (size_t i = 0; i < e->n_sensors; i++) {
		free(e->sensors[i].names);
		free(e->sensors[i].covered);
	}
	free(e->sensors);
	free(e->rows);
	free(e->findings);
	free(e->targets);
	free(e->label_seen);
	texts_free(e->texts);
	*e = (struct evaluation){ 0 };
}
