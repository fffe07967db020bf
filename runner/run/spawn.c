#include "runner/run/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/run/execute.h"
#include "runner/run/signals.h"

typedef struct Job {
    pid_t child;
    const Run *run;
} Job;

static _Noreturn void become_child(const char *frozen, const SpawnOptions *options, pid_t parent)
{
    char threads[32];
    snprintf(threads, sizeof threads, "%zu", options->threads);
    const char *arguments[16] = {"mayvae",    "run",  "--frozen", frozen, "--experiments", options->experiments,
                                 "--threads", threads};
    size_t n = 8;
    if (options->force) arguments[n++] = "--force";
    if (options->quiet) arguments[n++] = "--quiet";
    if (options->jobs > 1) arguments[n++] = "--no-bar";
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    execv("/proc/self/exe", (char *const *)(uintptr_t)arguments);
    fprintf(stderr, "%s: can't start a process: %s\n", frozen, strerror(errno));
    _exit(1);
}

static bool start(Job *job, const Run *run, const SpawnOptions *options)
{
    Err err = {0};
    pid_t parent = getpid();
    Arena arena = {0};
    const char *frozen = execute_freeze(&arena, run, &err);
    if (!frozen) err_print(&err, stderr);
    fflush(NULL);
    signals_hold();
    pid_t child = frozen ? fork() : -1;
    if (child == 0) become_child(frozen, options, parent);
    if (frozen && child < 0) fprintf(stderr, "%s: can't start a process: %s\n", run->path, strerror(errno));
    signals_release();
    *job = (Job){child, run};
    arena_release(&arena);
    return child > 0;
}

static void pass_on(const Job *jobs, size_t n, int number)
{
    for (size_t i = 0; i < n; i++)
        if (jobs[i].child > 0) kill(jobs[i].child, number);
}

/* How a child ended, in words for a signal that nobody here sent. */
static void settle(const Job *job, int status, SpawnResult *result)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    if (code == 0) {
        result->done++;
        return;
    }
    if (signals_pending() && code == 128 + signals_pending()) {
        result->stopped++;
        return;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGPIPE)
        fprintf(stderr,
                "%s: its process was ended by signal %d (%s); `mayvae run %s` goes on from its last checkpoint\n",
                job->run->path, WTERMSIG(status), strsignal(WTERMSIG(status)), job->run->path);
    result->failed++;
    if (code < 128 && code > result->worst) result->worst = code;
}

/* Waits for one child and frees its place. A signal that came before or comes meanwhile goes to all of them once; a
 * waitpid that blocks would sleep through one that came just before it, or that another thread took. */
static void wait_one(Job *jobs, size_t n, SpawnResult *result)
{
    enum { WAIT_MICROSECONDS = 20000 };
    int status = 0;
    pid_t child;
    while ((child = waitpid(-1, &status, WNOHANG)) == 0 || (child < 0 && errno == EINTR)) {
        if (signals_pending() && !result->signal) {
            result->signal = signals_pending();
            pass_on(jobs, n, result->signal);
        }
        usleep(WAIT_MICROSECONDS);
    }
    for (size_t i = 0; i < n; i++) {
        if (child <= 0 || jobs[i].child != child) continue;
        settle(&jobs[i], status, result);
        jobs[i].child = 0;
    }
}

static Job *free_place(Job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (jobs[i].child <= 0) return &jobs[i];
    return NULL;
}

static bool any_running(const Job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (jobs[i].child > 0) return true;
    return false;
}

SpawnResult spawn_all(Run *const *runs, size_t n, const SpawnOptions *options)
{
    SpawnResult result = {0};
    Job *jobs = mem_zeroed(options->jobs, sizeof *jobs);
    size_t next = 0;
    signals_catch();
    while (next < n || any_running(jobs, options->jobs)) {
        bool stop = signals_pending() || (result.failed && !options->keep_going);
        Job *place = stop || next == n ? NULL : free_place(jobs, options->jobs);
        if (place) {
            if (!start(place, runs[next++], options)) result.failed++, result.worst = ERR_FAILED;
        } else if (any_running(jobs, options->jobs)) {
            wait_one(jobs, options->jobs, &result);
        } else
            break;
    }
    if (signals_pending()) result.signal = signals_pending();
    result.skipped = n - next;
    free(jobs);
    return result;
}
