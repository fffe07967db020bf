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

static void block(int how)
{
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(how, &both, NULL);
}

void signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
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
