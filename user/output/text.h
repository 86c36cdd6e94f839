/* text.h: events as lines for people. */
#ifndef METSUKE_OUTPUT_TEXT_H
#define METSUKE_OUTPUT_TEXT_H

#include "observe/observation.h"
#include "support/buf.h"

/* Appends one line: time, who, what; fields in columns. color: for a terminal, with its codes. */
void text_observation(struct buf *b, const struct observation *o, bool color);

/* An alert, above the line of its message. */
struct alert;
void text_alert(struct buf *b, const struct alert *a, bool color);
struct anomaly;
void text_anomaly(struct buf *b, const struct anomaly *a, bool color);

#endif
