/* networks.c: see networks.h. */
#include "networks.h"

#include <stdio.h>

#include "rng.h"

#define SYSTEMS_FROM 4200000001U /* RFC 6996: for private use */
#define SYSTEMS_MOST 90
#define OWN_AS 64512U

static struct network {
	unsigned int first, size; /* of its prefix */
	__u32 as;
} nets[NETWORKS];

static void make(void)
{
	struct rng r = rng_start(1, ~5ULL);
	unsigned int n = 0;

	if (nets[0].as)
		return;
	while (n < NETWORKS) {
		unsigned int size = 1U << rng_below(&r, 3);
		__u32 as = SYSTEMS_FROM + rng_below(&r, SYSTEMS_MOST);

		while (n % size || n + size > NETWORKS)
			size /= 2;
		for (unsigned int first = n; n < first + size; n++)
			nets[n] = (struct network){ first, size, as };
	}
}

__u32 networks_as(unsigned int n)
{
	make();
	return nets[n].as;
}

unsigned int networks_beside(unsigned int n, unsigned int ret_all[NETWORKS])
{
	unsigned int count = 0;

	make();
	for (unsigned int i = 0; i < NETWORKS; i++)
		if (nets[i].as == nets[n].as)
			ret_all[count++] = i;
	return count;
}

int networks_write(const char *path)
{
	FILE *out = fopen(path, "w");
	int failed;

	make();
	if (!out) {
		perror(path);
		return -1;
	}
	fprintf(out, "# labgen's networks: prefix, length, AS\n198.18.0.0\t16\t%u\n", OWN_AS);
	for (unsigned int i = 0; i < NETWORKS; i++)
		if (nets[i].first == i)
			fprintf(out, "198.19.%u.0\t%u\t%u\n", i, 24U - (nets[i].size > 1) - (nets[i].size > 2),
				nets[i].as);
	failed = ferror(out);
	if (fclose(out) || failed) {
		perror(path);
		return -1;
	}
	return 0;
}
