/* date.h: times as lists write them. */
#ifndef METSUKE_INTEL_DATE_H
#define METSUKE_INTEL_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ISO 8601 as real lists use it: 2026-08-23, 2026-08-23 10:11:12, 2026-08-23T10:11:12.5+02:00, with "UTC" behind
 * it; without an offset it is UTC. Seconds since 1970, rounded down. False: no date, or none of 1970 to 2105. */
bool date_parse(const char *text, size_t len, uint32_t *ret_seconds);

#endif
