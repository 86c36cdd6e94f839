/* flux.h: how much the addresses of a name look like fast flux: many, in many networks. Over all its answers
 *(Holz, Gorecki, Rieck, Freiling 2008):
 *
 *	score = 1.32 addresses + 18.54 AS numbers + 0 name servers, fast flux above 142.38
 *
 * and the variant on a single answer, 1.32 addresses + 18.54 AS numbers + 5 (TTL <= 300) - 50, suspect above 0.
 * Without a table of AS numbers there is no such score: a CDN with many addresses cannot be told apart by them. */
#ifndef METSUKE_DETECT_FLUX_H
#define METSUKE_DETECT_FLUX_H

#include <stdbool.h>
#include <stdint.h>

#define FLUX_LIMIT 142.38
#define FLUX_SINGLE_LIMIT 0.0

/* Counts may be estimates (distinct_count). */
double flux_score(double n_addresses, double n_systems, double n_name_servers);
bool flux_is_fast(double score);

/* ttl: seconds, the least of the answer. */
double flux_single_score(double n_addresses, double n_systems, uint32_t ttl);

#endif
