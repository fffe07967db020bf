#include "runner/run/signals.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t pending;
static volatile time_t since; /* of the flag; in seconds of the monotonic clock */

static void on_signal(int number)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (pending == number && now.tv_sec - since <= 1) return;
    if (pending) _exit(128 + number);
    since = now.tv_sec;
    pending = number;
}

static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
enum { CAUGHT = sizeof caught / sizeof *caught };

static sigset_t all_caught(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < CAUGHT; i++) sigaddset(&set, caught[i]);
    return set;
}

static void block(int how)
{
    sigset_t set = all_caught();
    sigprocmask(how, &set, NULL);
}

void signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_mask = all_caught(), .sa_flags = SA_RESTART}, before;
    for (int i = 0; i < CAUGHT; i++) {
        sigaction(caught[i], &action, &before);
        if (caught[i] == SIGHUP && before.sa_handler == SIG_IGN) signal(SIGHUP, SIG_IGN); /* nohup */
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signals_release();
}

int signals_pending(void)
{
    return pending;
}

void signals_hold(void)
{
    block(SIG_BLOCK);
}

void signals_release(void)
{
    block(SIG_UNBLOCK);
}
