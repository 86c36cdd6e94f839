/* allow_check.h: what may be a mistake in what was allowed: a name that nobody asked for, one that a list holds, a
 * program that runs others' programs. Warnings: who says so may know better. */
#ifndef METSUKE_CMD_ALLOW_CHECK_H
#define METSUKE_CMD_ALLOW_CHECK_H

#include "cmd/cmd.h"
#include "detect/allow.h"

void allow_warn(const struct cmd_options *o, const struct allow_entry *e);

#endif
