/* decode.h: a record's bytes become text and numbers. Nothing here knows of time, process or roles. */
#ifndef METSUKE_OBSERVE_DECODE_H
#define METSUKE_OBSERVE_DECODE_H

#include "observe/arena.h"
#include "observe/domain.h"
#include "observe/observation.h"

/* Is this a record that can be used: version, kind, and lengths that agree? len: bytes that are there. */
bool record_is_sound(const struct record *rec, size_t len);

/* Fills kind, proto, family, marks and the kind's own part of *o from a sound RECORD_DNS or RECORD_HTTP;
 * text goes to the arena, which is reset first. */
void decode_record(const struct record *rec, struct domains *domains, struct arena *arena, struct observation *o);

#endif
