#include "runner/run/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runner/run/board.h"
#include "runner/run/launch.h"
#include "runner/run/needs.h"
#include "runner/run/order.h"
#include "runner/run/signals.h"

typedef enum TaskState { TASK_WAITING, TASK_RUNNING, TASK_DONE, TASK_FAILED, TASK_SKIPPED } TaskState;

typedef struct Job {
    pid_t child; /* 0: a free place */
    size_t task;
    size_t threads;
} Job;

typedef struct Spawner {
    const SpawnOptions *options;
    const SpawnTask *tasks;
    TaskState *state; /* (n) */
    size_t *order, n;
    Job *jobs; /* (options->jobs) */
    Board board;
    SpawnResult result;
} Spawner;

static _Noreturn void become_child(const Spawner *spawner, size_t task, const char *frozen, const char *needs,
                                   size_t threads, pid_t parent)
{
    const SpawnOptions *options = spawner->options;
    char count[32], descriptor[32];
    snprintf(count, sizeof count, "%zu", threads);
    const char *arguments[20] = {"mayvae",    "run", "--frozen", frozen, "--experiments", options->experiments,
                                 "--threads", count};
    size_t n = 8;
    if (needs[0]) {
        arguments[n++] = "--needs";
        arguments[n++] = needs;
    }
    if (spawner->tasks[task].run->again) {
        arguments[n++] = "--again";
        arguments[n++] = spawner->tasks[task].run->again;
    }
    if (spawner->tasks[task].force) arguments[n++] = "--force";
    if (options->quiet) arguments[n++] = "--quiet";
    int report = board_join(&spawner->board);
    if (report > 0) {
        snprintf(descriptor, sizeof descriptor, "%d", report);
        arguments[n++] = "--report";
        arguments[n++] = descriptor;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    execv("/proc/self/exe", (char *const *)(uintptr_t)arguments);
    fprintf(stderr, "%s: can't start a process: %s\n", frozen, strerror(errno));
    _exit(1);
}

static void say_error(Board *board, const Err *err)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (!stream) return;
    err_print(err, stream);
    fclose(stream);
    board_say(board, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

static bool start(Spawner *spawner, Job *job, size_t task, size_t threads)
{
    const Run *run = spawner->tasks[task].run;
    Err err = {0};
    pid_t parent = getpid();
    Arena arena = {0};
    const char *needs = needs_folders(&arena, run);
    const char *frozen = launch_freeze(&arena, run, &err);
    if (!frozen) say_error(&spawner->board, &err);
    fflush(NULL);
    signals_hold();
    pid_t child = frozen ? fork() : -1;
    if (child == 0) become_child(spawner, task, frozen, needs, threads, parent);
    if (frozen && child < 0) board_say(&spawner->board, "%s: can't start a process: %s", run->path, strerror(errno));
    signals_release();
    arena_release(&arena);
    if (child <= 0) return false;
    *job = (Job){child, task, threads};
    spawner->state[task] = TASK_RUNNING;
    board_add(&spawner->board, child, run->path);
    return true;
}

static void pass_on(const Job *jobs, size_t n, int number)
{
    for (size_t i = 0; i < n; i++)
        if (jobs[i].child > 0) kill(jobs[i].child, number);
}

/* Those that wait for a run that failed, or for one of those, are not started. Tasks stand behind what they wait for.
 */
static void skip_users(Spawner *spawner)
{
    for (size_t i = 0; i < spawner->n; i++) {
        const SpawnTask *task = &spawner->tasks[i];
        for (size_t k = 0; spawner->state[i] == TASK_WAITING && k < task->wait_count; k++) {
            TaskState state = spawner->state[task->waits[k]];
            if (state != TASK_FAILED && state != TASK_SKIPPED) continue;
            spawner->state[i] = TASK_SKIPPED;
            board_say(&spawner->board, "%s: not started: %s, which it needs, %s", task->run->path,
                      spawner->tasks[task->waits[k]].run->path, state == TASK_FAILED ? "failed" : "was not started");
        }
    }
}

static void fail(Spawner *spawner, size_t task, int code)
{
    spawner->state[task] = TASK_FAILED;
    spawner->result.failed++;
    if (code < 128 && code > spawner->result.worst) spawner->result.worst = code;
    skip_users(spawner);
}

/* How a child ended, in words for a signal that nobody here sent. */
static void settle(Spawner *spawner, const Job *job, int status)
{
    SpawnResult *result = &spawner->result;
    const Run *run = spawner->tasks[job->task].run;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    spawner->state[job->task] = TASK_DONE;
    if (code == 0) {
        result->done++;
        return;
    }
    spawner->state[job->task] = TASK_FAILED;
    if (signals_pending() && code == 128 + signals_pending()) {
        result->stopped++;
        return;
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGPIPE) {
        Arena arena = {0};
        board_say(&spawner->board, "%s: its process was ended by signal %d (%s)%s", run->path, WTERMSIG(status),
                  strsignal(WTERMSIG(status)), run_again(&arena, run, "goes on from its last checkpoint"));
        arena_release(&arena);
    }
    fail(spawner, job->task, code);
}

/* Waits for one child and frees its place. A signal that came before or comes meanwhile goes to all of them once; a
 * wait that ends with a signal only would sleep through one that came just before it, or that another thread took, so
 * it ends every few milliseconds. */
static void wait_one(Spawner *spawner)
{
    enum { WAIT_MILLISECONDS = 20 };
    size_t n = spawner->options->jobs;
    int status = 0;
    pid_t child;
    while ((child = waitpid(-1, &status, WNOHANG)) == 0 || (child < 0 && errno == EINTR)) {
        if (signals_pending() && !spawner->result.signal) {
            spawner->result.signal = signals_pending();
            pass_on(spawner->jobs, n, spawner->result.signal);
        }
        board_wait(&spawner->board, WAIT_MILLISECONDS);
    }
    for (size_t i = 0; i < n; i++) {
        if (child <= 0 || spawner->jobs[i].child != child) continue;
        board_remove(&spawner->board, child);
        settle(spawner, &spawner->jobs[i], status);
        spawner->jobs[i] = (Job){0};
    }
}

/* A place for one more run and the threads for it, or NULL; waiting: how many runs want one. */
static Job *free_place(const Spawner *spawner, size_t waiting, size_t *threads)
{
    Job *place = NULL;
    size_t places = 0, taken = 0;
    for (size_t i = 0; i < spawner->options->jobs; i++) {
        Job *job = &spawner->jobs[i];
        taken += job->threads;
        if (job->child > 0) continue;
        places++;
        if (!place) place = job;
    }
    *threads = spawner->options->threads;
    if (*threads == 0) *threads = order_threads(spawner->options->processors, taken, places, waiting);
    return place;
}

static bool any_running(const Spawner *spawner)
{
    for (size_t i = 0; i < spawner->options->jobs; i++)
        if (spawner->jobs[i].child > 0) return true;
    return false;
}

static bool is_ready(const Spawner *spawner, size_t task)
{
    if (spawner->state[task] != TASK_WAITING) return false;
    for (size_t k = 0; k < spawner->tasks[task].wait_count; k++)
        if (spawner->state[spawner->tasks[task].waits[k]] != TASK_DONE) return false;
    return true;
}

/* The first of the order that can begin, or n; ready: how many can. */
static size_t first_ready(const Spawner *spawner, size_t *ready)
{
    size_t first = spawner->n;
    *ready = 0;
    for (size_t i = 0; i < spawner->n; i++) {
        if (!is_ready(spawner, spawner->order[i])) continue;
        if ((*ready)++ == 0) first = spawner->order[i];
    }
    return first;
}

static void spawner_init(Spawner *spawner)
{
    size_t n = spawner->n;
    OrderTask *tasks = mem_zeroed(n + 1, sizeof *tasks);
    for (size_t i = 0; i < n; i++)
        tasks[i] = (OrderTask){spawner->tasks[i].cost, spawner->tasks[i].waits, spawner->tasks[i].wait_count};
    spawner->order = mem_zeroed(n + 1, sizeof *spawner->order);
    spawner->state = mem_zeroed(n + 1, sizeof *spawner->state);
    spawner->jobs = mem_zeroed(spawner->options->jobs, sizeof *spawner->jobs);
    order_chains(tasks, n, spawner->options->jobs, spawner->order);
    free(tasks);
}

static void spawner_release(Spawner *spawner)
{
    free(spawner->order);
    free(spawner->state);
    free(spawner->jobs);
}

SpawnResult spawn_all(const SpawnTask *tasks, size_t n, const SpawnOptions *options)
{
    Spawner spawner = {.options = options, .tasks = tasks, .n = n};
    SpawnResult *result = &spawner.result;
    size_t threads, ready;
    spawner_init(&spawner);
    signals_catch();
    signal(SIGCHLD, SIG_DFL); /* where our caller ignores it, children would end unseen */
    board_open(&spawner.board, options->jobs, options->quiet);
    for (;;) {
        bool stop = signals_pending() || (result->failed && !options->keep_going);
        size_t task = first_ready(&spawner, &ready);
        Job *place = stop || task == n ? NULL : free_place(&spawner, ready, &threads);
        if (place) {
            if (!start(&spawner, place, task, threads)) fail(&spawner, task, ERR_FAILED);
        } else if (any_running(&spawner)) {
            wait_one(&spawner);
        } else
            break;
    }
    board_close(&spawner.board);
    if (signals_pending()) result->signal = signals_pending();
    for (size_t i = 0; i < n; i++)
        result->skipped += spawner.state[i] == TASK_WAITING || spawner.state[i] == TASK_SKIPPED;
    spawner_release(&spawner);
    return spawner.result;
}
