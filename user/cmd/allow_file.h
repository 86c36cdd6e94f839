/* allow_file.h: one change of the file of what is allowed: whole, or not at all. */
#ifndef METSUKE_CMD_ALLOW_FILE_H
#define METSUKE_CMD_ALLOW_FILE_H

#include <stdbool.h>

/* Takes the lines with this id out, and puts one at the end (NULL: none). Everything else stays as it is. *ret_found: there
 * was such a line. Two at the same time wait for each other. Returns the exit status (logged). */
int allow_file_change(const char *path, const char *id, const char *line, bool *ret_found);

/* Who says so: the login behind this process, and by way of sudo who called it; free() it. */
char *allow_who(void);

#endif
