/* What the fuzzers share: a folder of this process, and input as a file or as an exact copy on the heap. */
#ifndef TESTS_FUZZ_SCRATCH_H
#define TESTS_FUZZ_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

/* Called by libFuzzer with each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *scratch_folder(void);
const char *scratch_write(const char *name, const uint8_t *data, size_t size); /* the path */
uint8_t *scratch_copy(const uint8_t *data, size_t size); /* free it; reading past its end is seen */

#endif
