/* SIGINT and SIGTERM as a flag that loops look at. */
#ifndef RUNNER_RUN_SIGNALS_H
#define RUNNER_RUN_SIGNALS_H

void signals_catch(void);  /* from now on the two set the flag; a second one of them ends the process at once */
int signals_pending(void); /* 0, SIGINT or SIGTERM */

#endif
