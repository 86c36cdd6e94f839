/* severity.h: event.severity of an anomaly, out of its joint p: 21 + 26 e, where the score is 1 - 10^-e; 99 at most.
 * So the severities that SIEMs name stand at powers of ten: 21 (low) where chance says nothing, 47 (medium) at p = 0.1,
 * which is the least that is told by default, 73 (high) at 0.01, 99 (critical) from 0.001 on. */
#ifndef METSUKE_DETECT_SEVERITY_H
#define METSUKE_DETECT_SEVERITY_H

#include <math.h>

#define SEVERITY_LEAST 21
#define SEVERITY_STEP 26 /* for each power of ten */
#define SEVERITY_MOST 99

/* score: 0 to 1; never falls as it rises. */
static inline unsigned int severity_of_score(double score)
{
	double p = 1 - score, severity;

	if (!(p > 0))
		return SEVERITY_MOST;
	/* What has no exact binary form is not to fall short of its power of ten. */
	severity = SEVERITY_LEAST - SEVERITY_STEP * log10(p) + 1e-9;
	if (!(severity > SEVERITY_LEAST))
		return SEVERITY_LEAST;
	return severity < SEVERITY_MOST ? (unsigned int)severity : SEVERITY_MOST;
}

static inline unsigned int severity_lowered(unsigned int severity)
{
	return severity > SEVERITY_LEAST + SEVERITY_STEP ? severity - SEVERITY_STEP : SEVERITY_LEAST;
}

#endif
