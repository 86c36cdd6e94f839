/* networks.h: who announces the made-up addresses: 198.18.0.0/16 is the hosts' own network, of 198.19.0.0/16 each
 * /24 to /22 belongs to some AS, which has one to a few of them. The same for all seeds. */
#ifndef METSUKE_LAB_NETWORKS_H
#define METSUKE_LAB_NETWORKS_H

#include <linux/types.h>

#define NETWORKS 200 /* of servers: 198.19.0.0/24 to 198.19.199.0/24 */

/* The AS of 198.19.n.0/24. */
__u32 networks_as(unsigned int n);
/* The n that are in the same AS. Returns how many. */
unsigned int networks_beside(unsigned int n, unsigned int ret_all[NETWORKS]);
/* As CAIDA's pfx2as. 0, or -1 with a message printed. */
int networks_write(const char *path);

#endif
