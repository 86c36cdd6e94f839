#include <errno.h>
#include "evaluate/report.h"
int evaluation_html(const struct report *r, FILE *to) { (void)r; (void)to; return -ENOSYS; }
