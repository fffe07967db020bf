#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nn/base/alloc.h"

static void zeroed_and_aligned(void **state)
{
    (void)state;
    for (size_t n = 0; n < 300; n += 7) {
        unsigned char *memory = mem_zeroed(n, 3);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < 3 * n; i++) assert_int_equal(memory[i], 0);
        if (n) memset(memory, 1, 3 * n);
        free(memory);
    }
}

/* Large arrays get huge pages: whole ones, and a part of one. */
static void large_arrays_too(void **state)
{
    (void)state;
    enum { HUGE_PAGE = 2 * 1024 * 1024 };
    static const size_t sizes[] = {HUGE_PAGE - 64, HUGE_PAGE, HUGE_PAGE + 100, 3 * HUGE_PAGE - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *memory = mem_zeroed(sizes[i], 1);
        assert_int_equal((uintptr_t)memory % 64, 0);
        size_t set = 0;
        for (size_t k = 0; k < sizes[i]; k++) set += memory[k] != 0;
        assert_int_equal(set, 0);
        memory[sizes[i] - 1] = 1;
        free(memory);
    }
}

static void grow_keeps_what_was_there(void **state)
{
    (void)state;
    int *items = NULL;
    for (int i = 0; i < 1000; i++) {
        items = mem_grow(items, (size_t)i + 1, sizeof *items);
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++) assert_int_equal(items[i], i);
    free(items);
    items = mem_grow(NULL, 0, sizeof *items);
    assert_non_null(items);
    free(items);
}

static void arena_hands_out_separate_zeroed_blocks(void **state)
{
    (void)state;
    Arena arena = {0};
    unsigned char *blocks[2000];
    size_t sizes[2000];
    for (size_t i = 0; i < 2000; i++) {
        sizes[i] = i % 97 == 0 ? 100000 : i % 61; /* beyond the arena's block size now and then */
        blocks[i] = arena_alloc(&arena, sizes[i], 1);
        assert_int_equal((uintptr_t)blocks[i] % 16, 0);
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(blocks[i][j], 0);
        memset(blocks[i], (int)(i % 251), sizes[i]);
    }
    for (size_t i = 0; i < 2000; i++)
        for (size_t j = 0; j < sizes[i]; j++) assert_int_equal(blocks[i][j], i % 251);
    arena_release(&arena);
    assert_null(arena.head);
    arena_release(&arena);
}

static void arena_texts(void **state)
{
    (void)state;
    Arena arena = {0};
    assert_string_equal(arena_text(&arena, "posterior"), "posterior");
    assert_string_equal(arena_text_n(&arena, "posterior", 4), "post");
    assert_string_equal(arena_text_n(&arena, "x", 0), "");
    assert_string_equal(arena_printf(&arena, "%s:%d", "a.yaml", 14), "a.yaml:14");
    char *spaces = arena_printf(&arena, "%100000s", "x");
    assert_int_equal(strlen(spaces), 100000);
    arena_release(&arena);
}

static void products_and_sums(void **state)
{
    (void)state;
    assert_int_equal(mem_mul(6, 7), 42);
    assert_int_equal(mem_mul(SIZE_MAX, 1), SIZE_MAX);
    assert_int_equal(mem_add(SIZE_MAX - 1, 1), SIZE_MAX);
}

static void overflow_by_product(void)
{
    mem_mul(SIZE_MAX / 2, 3);
}

static void overflow_by_sum(void)
{
    mem_add(SIZE_MAX, 1);
}

static void overflow_by_zeroed(void)
{
    free(mem_zeroed(SIZE_MAX / 2, 3));
}

static void overflow_by_rounding(void)
{
    free(mem_zeroed(SIZE_MAX, 1));
}

static void overflow_by_grow(void)
{
    free(mem_grow(NULL, SIZE_MAX / 2, 3));
}

static void overflow_by_arena(void)
{
    Arena arena = {0};
    arena_alloc(&arena, SIZE_MAX - 3, 1);
    arena_release(&arena);
}

static void overflow_is_running_out_of_memory(void **state)
{
    (void)state;
    static void (*const cases[])(void) = {overflow_by_product,  overflow_by_sum,  overflow_by_zeroed,
                                          overflow_by_rounding, overflow_by_grow, overflow_by_arena};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            if (!freopen("/dev/null", "w", stderr)) _exit(2);
            cases[i]();
            _exit(0);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_and_aligned),
        cmocka_unit_test(large_arrays_too),
        cmocka_unit_test(grow_keeps_what_was_there),
        cmocka_unit_test(arena_hands_out_separate_zeroed_blocks),
        cmocka_unit_test(arena_texts),
        cmocka_unit_test(products_and_sums),
        cmocka_unit_test(overflow_is_running_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
