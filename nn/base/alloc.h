/* Memory: allocation that can't fail, and an arena for what lives as long as a configuration or a graph. */
#ifndef NN_BASE_ALLOC_H
#define NN_BASE_ALLOC_H

#include <stddef.h>

/* n x size bytes, zeroed, 64-byte aligned; never NULL (running out, or an overflow of the product, ends the
 * process with a message). Free with free(). */
void *mem_zeroed(size_t n, size_t size);

/* Like realloc to n x size bytes; what is new is not initialised. The pointer must come from mem_grow or be NULL. */
void *mem_grow(void *old, size_t n, size_t size);

/* a x b and a + b; an overflow ends the process as running out of memory does. */
size_t mem_mul(size_t a, size_t b);
size_t mem_add(size_t a, size_t b);

/* A bump allocator: everything is freed at once. A zeroed Arena is empty and ready. */
typedef struct Arena {
    struct ArenaBlock *head;
} Arena;

void *arena_alloc(Arena *arena, size_t n, size_t size); /* zeroed, aligned to 16 */
char *arena_text(Arena *arena, const char *text);
char *arena_text_n(Arena *arena, const char *text, size_t length);
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_release(Arena *arena); /* safe on a zeroed one */

#endif
