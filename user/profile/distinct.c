/* distinct.c: see distinct.h. */
#include "profile/distinct.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_BITS 10
#define ESTIMATED (DISTINCT_EXACT + 1)

static uint64_t *hashes_of(struct distinct *d)
{
	return d->room ? d->more : &d->one;
}

static uint32_t search(const struct distinct *d, uint64_t hash)
{
	const uint64_t *hashes = distinct_hashes(d);
	uint32_t low = 0, high = d->n;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (hashes[mid] < hash)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The least room for n > 1, which fills what malloc gives: 3, 7, 15, 32. A set that was loaded and one that grew
 * have the same. */
static uint32_t room_for(uint32_t n)
{
	uint32_t room = 3;

	while (room < n)
		room = 2 * room + 1;
	return room < DISTINCT_EXACT - 1 ? room : DISTINCT_EXACT;
}

static bool grow(struct distinct *d, uint32_t n)
{
	uint32_t room = room_for(n);
	uint64_t *more;

	if (n == 1 || d->room >= n)
		return true;
	more = realloc(d->room ? d->more : NULL, room * sizeof(*more));
	if (!more)
		return false;
	if (!d->room && d->n)
		*more = d->one;
	d->more = more;
	d->room = room;
	return true;
}

static bool raise(uint8_t *registers, uint64_t hash)
{
	uint8_t *r = &registers[hash >> (64 - INDEX_BITS)];
	uint8_t rank = __builtin_clzll(hash << INDEX_BITS | 1ULL << (INDEX_BITS - 1)) + 1;

	if (rank <= *r)
		return false;
	*r = rank;
	return true;
}

static bool estimate(struct distinct *d)
{
	uint8_t *registers = calloc(1, DISTINCT_REGISTERS);
	const uint64_t *hashes = distinct_hashes(d);

	if (!registers)
		return false;
	for (uint32_t i = 0; i < d->n; i++)
		raise(registers, hashes[i]);
	distinct_free(d);
	*d = (struct distinct){ ESTIMATED, DISTINCT_REGISTERS, { registers } };
	return true;
}

bool distinct_add(struct distinct *d, uint64_t hash)
{
	uint64_t *hashes;
	uint32_t at;

	if (!distinct_exact(d))
		return raise(d->more, hash);
	if (!d->n) {
		d->one = hash;
		d->n = 1;
		return true;
	}
	at = search(d, hash);
	hashes = hashes_of(d);
	if (at < d->n && hashes[at] == hash)
		return false;
	if (d->n == DISTINCT_EXACT)
		return estimate(d) && (raise(d->more, hash), true);
	if (!grow(d, d->n + 1))
		return false;
	hashes = d->more;
	memmove(&hashes[at + 1], &hashes[at], (d->n - at) * sizeof(*hashes));
	hashes[at] = hash;
	d->n++;
	return true;
}

bool distinct_has(const struct distinct *d, uint64_t hash)
{
	const uint64_t *hashes = distinct_hashes(d);
	uint32_t at;

	if (!distinct_exact(d))
		return true;
	at = search(d, hash);
	return at < d->n && hashes[at] == hash;
}

/* The raw estimate, and linear counting for few (the paper's rule); 64 bits of hash need no other correction. */
double distinct_count(const struct distinct *d)
{
	const double m = DISTINCT_REGISTERS, alpha = 0.7213 / (1 + 1.079 / m);
	const uint8_t *registers = d->more;
	unsigned int zeros = 0;
	double sum = 0, raw;

	if (distinct_exact(d))
		return d->n;
	for (unsigned int i = 0; i < DISTINCT_REGISTERS; i++) {
		sum += ldexp(1, -registers[i]);
		zeros += !registers[i];
	}
	raw = alpha * m * m / sum;
	return raw <= 2.5 * m && zeros ? m * log(m / zeros) : raw;
}

int distinct_merge(struct distinct *to, const struct distinct *from)
{
	const uint64_t *hashes = distinct_hashes(from);
	const uint8_t *theirs;
	uint8_t *ours;

	if (to == from)
		return 0;
	if (distinct_exact(from)) {
		for (uint32_t i = 0; i < from->n; i++)
			if (!distinct_add(to, hashes[i]) && !distinct_has(to, hashes[i]))
				return -ENOMEM;
		return 0;
	}
	theirs = from->more;
	if (distinct_exact(to) && !estimate(to))
		return -ENOMEM;
	ours = to->more;
	for (unsigned int i = 0; i < DISTINCT_REGISTERS; i++)
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what is freed is never another set's */
		ours[i] = theirs[i] > ours[i] ? theirs[i] : ours[i];
	return 0;
}

void distinct_free(struct distinct *d)
{
	if (d->room)
		free(d->more);
	*d = (struct distinct){ 0 };
}

int distinct_set_exact(struct distinct *d, const uint64_t *hashes, uint32_t n)
{
	if (n > DISTINCT_EXACT)
		return -EINVAL;
	for (uint32_t i = 1; i < n; i++)
		if (hashes[i] <= hashes[i - 1])
			return -EINVAL;
	if (!n)
		return 0;
	if (!grow(d, n))
		return -ENOMEM;
	memcpy(hashes_of(d), hashes, n * sizeof(*hashes));
	d->n = n;
	return 0;
}

int distinct_set_registers(struct distinct *d, const uint8_t registers[DISTINCT_REGISTERS])
{
	for (unsigned int i = 0; i < DISTINCT_REGISTERS; i++)
		if (registers[i] > DISTINCT_RANK_MOST)
			return -EINVAL;
	if (!estimate(d))
		return -ENOMEM;
	memcpy(d->more, registers, DISTINCT_REGISTERS);
	return 0;
}
