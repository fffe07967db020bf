#include "runner/run/execute.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "nn/base/file.h"
#include "nn/base/pool.h"
#include "runner/model/codes.h"
#include "runner/model/weights.h"
#include "runner/run/evaluate.h"
#include "runner/run/launch.h"
#include "runner/run/lock.h"
#include "runner/run/needs.h"
#include "runner/run/signals.h"
#include "runner/run/state.h"
#include "runner/run/train.h"

/* Under the lock: the configuration of the run that is now under way. */
static bool take_over(Arena *arena, const char *frozen, const char *folder, Err *err)
{
    const char *path = arena_printf(arena, "%s/log/config.yaml", folder);
    return rename(frozen, path) == 0 ||
           err_failed(err, loc_file(frozen), "can't be renamed to %s: %s", path, strerror(errno));
}

/* Everything that depends on the machine or the moment goes to log/, which is not committed. */
static void log_end(Arena *arena, const Run *run, double seconds, size_t threads_used, const char *what)
{
    char when[32] = "";
    const char *path = arena_printf(arena, "%s/log/times.csv", run->folder);
    bool fresh = !file_exists(path);
    FILE *file = fopen(path, "a");
    if (!file) return;
    struct rusage usage = {0};
    getrusage(RUSAGE_SELF, &usage);
    struct utsname machine = {0};
    uname(&machine);
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc)) strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (fresh) fputs("ended,what,seconds,threads_used,peak_memory_mb,host,kernel,compiler\n", file);
    fprintf(file, "%s,%s,%.3f,%zu,%.1f,%s,%s,%s\n", when, what, seconds, threads_used, (double)usage.ru_maxrss / 1024,
            machine.nodename, machine.release, __VERSION__);
    fclose(file);
}

/* The checkpoint goes when the weights are there: what lies there afterwards is of a training that isn't at its end. */
static bool write_weights(Arena *arena, const Run *run, const Model *model, const History *history, Err *err)
{
    if (!file_remove(arena_printf(arena, "%s/run.yaml", run->folder), err)) return false;
    if (!history_write(history, arena_printf(arena, "%s/history.csv", run->folder), err)) return false;
    const char *path = arena_printf(arena, "%s/weights.safetensors", run->folder);
    TensorList list = {0};
    tensors_metadata(&list, "identity", run->weights_identity);
    params_list(&model->params, "", model->params.value, &list);
    bool ok = safetensors_write(path, &list, err) &&
              file_remove(arena_printf(arena, "%s/checkpoint.safetensors", run->folder), err);
    tensors_release(&list);
    return ok;
}

static bool train(Arena *arena, const Run *run, Model *model, const Dataset *dataset, const ExecuteOptions *options,
                  Progress *progress, Err *err)
{
    const char *path = arena_printf(arena, "%s/checkpoint.safetensors", run->folder);
    TrainState state;
    train_state_init(&state, &run->experiment);
    const char *history = arena_printf(arena, "%s/log/history.csv", run->folder);
    TrainJob job = {model, dataset, &state, path, run->weights_identity, history, progress};
    bool found = false;
    bool ok = options->force || checkpoint_load(path, run->weights_identity, &model->params, &state, &found, err);
    if (ok && found)
        progress_note(progress, "going on from epoch %llu, step %llu", (unsigned long long)state.epoch + 1,
                      (unsigned long long)state.step);
    TrainEnd end = ok ? train_run(&job, err) : TRAIN_FAILED;
    if (end == TRAIN_INTERRUPTED)
        progress_note(progress, "stopped in epoch %llu, step %llu%s", (unsigned long long)state.epoch + 1,
                      (unsigned long long)state.step, run_again(arena, run, "goes on from there"));
    ok = end == TRAIN_DONE && write_weights(arena, run, model, &state.history, err);
    train_state_release(&state);
    return ok;
}

/* The two stages, with the lock held; or the second one alone. */
static bool execute_locked(Arena *arena, const Run *run, const ExecuteOptions *options, bool to_train, Err *err)
{
    const Optimizer *optimizer = (const Optimizer *)run->experiment.train.optimizer.row;
    double start = seconds_now();
    size_t threads_used = 0;
    Model model = {0};
    Dataset dataset = {0};
    Needs needs;
    Progress progress;
    progress_begin(&progress, run->path, options->quiet, options->report, 0, 0, 0); /* training begins it again */
    needs_models(arena, run, &needs);
    bool ok = run_check(run, &model, err) && dataset_load(arena, &dataset, &run->info, &run->experiment.data, err);
    if (ok) {
        pool_start(options->threads);
        if (to_train)
            model_allocate(&model, optimizer->slots);
        else
            model_allocate_values(&model);
        ok = codes_load(&dataset, &model, &needs, err);
        if (ok)
            ok = to_train ? train(arena, run, &model, &dataset, options, &progress, err)
                          : weights_read(run->folder, run->path, &model.params, err);
        params_end_training(&model.params);
        ok = ok && evaluate_run(run, &model, &dataset, &needs, &progress, err);
        threads_used = pool_threads_used();
        pool_stop();
    }
    if (ok) {
        log_end(arena, run, seconds_now() - start, threads_used, to_train ? "train and evaluate" : "evaluate");
        char text[32];
        progress_note(&progress, "done in %s", duration_text(seconds_now() - start, text));
    }
    dataset_release(&dataset);
    needs_release(&needs);
    model_release(&model);
    return ok;
}

bool execute_run(const ExecuteOptions *options, int *signal, Err *err)
{
    Arena arena = {0};
    Run run;
    bool ok = false;
    *signal = 0;
    signals_catch();
    int lock = -1;
    const char *folder = launch_folder(&arena, options->frozen, err);
    if (!folder) goto done;
    lock = lock_take(folder, folder, err);
    if (lock < 0 || !take_over(&arena, options->frozen, folder, err)) {
        unlink(options->frozen);
        goto done;
    }
    launch_sweep(folder);
    if (!run_read(&arena, &run, options->experiments, folder, "log/config.yaml", err) ||
        !needs_read(&arena, &run, options->experiments, options->needs ? options->needs : "", err))
        goto done;
    run.again = options->again;
    const RunState to_do = options->force ? RUN_TRAIN : run_status(&arena, &run).state;
    ok = to_do == RUN_CURRENT || execute_locked(&arena, &run, options, to_do >= RUN_RESUME, err);
done:
    if (!ok) *signal = signals_pending();
    launch_origin(err);
    lock_release(lock);
    arena_release(&arena);
    return ok;
}
