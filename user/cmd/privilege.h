/* privilege.h: what the sensor may do. */
#ifndef METSUKE_CMD_PRIVILEGE_H
#define METSUKE_CMD_PRIVILEGE_H

/* Are the capabilities for loading and attaching there? Returns 0, or -1 with what is missing logged. */
int privilege_check(void);

/* Keeps what a running sensor needs and gives the rest up for good. */
void privilege_drop(void);

#endif
