/* join.h: two profiles of the same, of two sensors or two days, as one: counts, moments, sets and times as if one
 * had seen both; gaps are those that each saw. -ENOMEM: some of the sets lack what is in `from`. */
#ifndef METSUKE_PROFILE_JOIN_H
#define METSUKE_PROFILE_JOIN_H

#include "profile/profile.h"

int join_client(struct client_profile *to, const struct client_profile *from);
int join_domain(struct domain_profile *to, const struct domain_profile *from);
int join_pair(struct pair_profile *to, const struct pair_profile *from);

#endif
