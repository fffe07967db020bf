#include "nn/base/alloc.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { BLOCK_BYTES = 64 * 1024, ALIGN = 16, CACHE_LINE = 64, HUGE_PAGE = 2 * 1024 * 1024 };

struct ArenaBlock {
    struct ArenaBlock *next;
    size_t used, size;
    _Alignas(ALIGN) unsigned char bytes[];
};

static _Noreturn void out_of_memory(size_t bytes)
{
    fprintf(stderr, "mayvae: out of memory (%zu bytes asked for)\n", bytes);
    exit(1);
}

size_t mem_mul(size_t a, size_t b)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product)) out_of_memory(SIZE_MAX);
    return product;
}

size_t mem_add(size_t a, size_t b)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum)) out_of_memory(SIZE_MAX);
    return sum;
}

/* What is large gets huge pages where the system has some: without them the processor spends a few hundredths of a
 * training step on finding pages. */
void *mem_zeroed(size_t n, size_t size)
{
    const size_t bytes = mem_mul(n, size), align = bytes < HUGE_PAGE ? (size_t)CACHE_LINE : (size_t)HUGE_PAGE;
    const size_t rounded = mem_add(bytes, CACHE_LINE) / CACHE_LINE * CACHE_LINE;
    void *memory = memalign(align, rounded); /* aligned_alloc wants a size that is a multiple of it */
    if (!memory) out_of_memory(bytes);
    if (align == HUGE_PAGE) madvise(memory, rounded, MADV_HUGEPAGE);
    return memset(memory, 0, rounded);
}

void *mem_grow(void *old, size_t n, size_t size)
{
    size_t bytes = mem_mul(n, size);
    void *memory = realloc(old, bytes ? bytes : 1);
    if (!memory) out_of_memory(bytes);
    return memory;
}

void *arena_alloc(Arena *arena, size_t n, size_t size)
{
    size_t bytes = mem_add(mem_mul(n, size), ALIGN - 1) / ALIGN * ALIGN;
    struct ArenaBlock *block = arena->head;
    if (!block || block->size - block->used < bytes) {
        size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = mem_zeroed(1, mem_add(sizeof *block, room));
        block->size = room;
        block->next = arena->head;
        arena->head = block;
    }
    void *memory = block->bytes + block->used;
    block->used += bytes;
    return memory;
}

char *arena_text_n(Arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, mem_add(length, 1), 1);
    if (length) memcpy(copy, text, length);
    return copy;
}

char *arena_text(Arena *arena, const char *text)
{
    return arena_text_n(arena, text, strlen(text));
}

char *arena_printf(Arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)length + 1, 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void arena_release(Arena *arena)
{
    for (struct ArenaBlock *block = arena->head, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    arena->head = NULL;
}
