/* flux.c: see flux.h. */
#include "detect/flux.h"

double flux_score(double n_addresses, double n_systems, double n_name_servers)
{
	return 1.32 * n_addresses + 18.54 * n_systems + 0.0 * n_name_servers;
}

bool flux_is_fast(double score)
{
	return score > FLUX_LIMIT;
}

double flux_single_score(double n_addresses, double n_systems, uint32_t ttl)
{
	return 1.32 * n_addresses + 18.54 * n_systems + (ttl <= 300 ? 5 : 0) - 50;
}
