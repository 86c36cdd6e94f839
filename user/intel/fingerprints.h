/* fingerprints.h (user half): a set of lists as the table that the packet programs ask; see
 * include/fingerprint_table.h for its layout. */
#ifndef METSUKE_INTEL_FINGERPRINTS_H
#define METSUKE_INTEL_FINGERPRINTS_H

#include <stddef.h>

#include "intel/indicators.h"
#include "fingerprint_table.h"

/* The table's head: how many lines it takes, with a key of its own. */
void fingerprints_plan(const struct indicators *set, uint64_t generation, struct fingerprint_head *head);

/* Lines of the planned table, the head among them. */
size_t fingerprints_lines(const struct fingerprint_head *head);

/* Fills that many zeroed lines. Exceptions are there as marks alone: what is told of them the daemon knows. Networks of
 * less than an address are not in the table, and exceptions that are addresses are not either; head->flags says that
 * there are some. */
void fingerprints_fill(const struct indicators *set, struct fingerprint_head *head, struct fingerprint_line *lines);

/* What the packet programs would say of a name or an address. */
bool fingerprints_have_name(const struct fingerprint_line *lines, const char *name, size_t len);
bool fingerprints_have_ip(const struct fingerprint_line *lines, const uint8_t ip[16]);

#endif
