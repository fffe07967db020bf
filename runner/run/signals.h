/* SIGINT, SIGTERM and SIGHUP (a closed terminal; not under nohup) as a flag that loops look at. */
#ifndef RUNNER_RUN_SIGNALS_H
#define RUNNER_RUN_SIGNALS_H

/* From now on the three set the flag; a second, other one ends the process at once. The same one again within a second
 * or so is the same wish: Ctrl-C in a terminal reaches a run's process from the terminal and from its parent. System
 * calls go on behind them (but poll and sleep), so what waits long looks at the flag every now and then. */
void signals_catch(void);
int signals_pending(void); /* 0, or which one */

/* Keeps them waiting, in this process and in those that it starts, until signals_release, or until a started one
 * calls signals_catch: none is lost while there is nobody to catch it. */
void signals_hold(void);
void signals_release(void);

#endif
