/* name.h: DNS names and record data from wire format to text (RFC 1035 5.1 presentation). */
#ifndef METSUKE_OBSERVE_NAME_H
#define METSUKE_OBSERVE_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "observe/arena.h"
#include "observe/observation.h"

/* A message, or what was kept of it, and the marks that reading it adds. */
struct wire {
	const uint8_t *bytes;
	size_t len;
	uint16_t marks;
};

/* The name at *pos: lower case, labels joined by '.', the root as ".", other bytes than printable ASCII
 * as \DDD (RFC 4343 2.1), '.' and '\' inside a label with a '\' before them. Moves *pos behind it.
 * Returns 0, or -1 where it cannot be read: w->marks says why and *pos
 * stays. */
int name_read(struct wire *w, size_t *pos, struct arena *arena, struct text *ret_text);

/* The data of one record, bytes[pos..pos+len), as text: what people expect for the common types, RFC 3597
 * "\# length hex" for the rest and for data that does not fit its type (marked). Returns 0, or -1 when
 * there is no room. */
int rdata_read(struct wire *w, size_t pos, size_t len, uint16_t type, struct arena *arena, struct text *ret_text);

/* "A", "AAAA", ... or "TYPE123" (RFC 3597 5) written to scratch (at least 16 bytes). */
const char *dns_type_name(uint16_t type, char *scratch);
const char *dns_class_name(uint16_t class, char *scratch);
const char *dns_rcode_name(uint16_t rcode, char *scratch);
const char *dns_opcode_name(uint16_t opcode, char *scratch);

#endif
