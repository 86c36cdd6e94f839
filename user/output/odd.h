/* odd.h: an anomaly in words, the same on a terminal and in the event's message. */
#ifndef METSUKE_OUTPUT_ODD_H
#define METSUKE_OUTPUT_ODD_H

#include "detect/verdict.h"
#include "support/buf.h"

/* What the client does: "checks in at evil.example". */
void odd_put_deed(struct buf *b, const struct anomaly *a);

/* How often, how many: "29 check-ins, every 15 s with a deviation of 7.8 s". */
void odd_put_facts(struct buf *b, const struct anomaly *a);

#endif
