/* behaviours.h: one function for each behaviour, pure: what the profiles say, as a verdict. For the files of this
 * folder; j->v is empty before. docs/detectors.md has what each catches and what it costs. */
#ifndef METSUKE_DETECT_BEHAVIOURS_H
#define METSUKE_DETECT_BEHAVIOURS_H

#include "detect/evidence.h"

void checkins_judge(struct judging *j);
void lookups_judge(struct judging *j); /* BEHAVIOUR_LOOKUPS, or BEHAVIOUR_FAILING */
/* BEHAVIOUR_ROTATION */
void rotation_judge(struct judging *j);
void lookups_rotation_judge(struct judging *j);
void tunnel_judge(struct judging *j);
void flux_judge(struct judging *j);

void dga_judge(struct judging *j, const struct client_profile *client);
void nowhere_judge(struct judging *j, const struct client_profile *client);

#endif
