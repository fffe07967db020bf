/* Any bytes as a safetensors file: refused with a reason, or every tensor can be read to its end. */
#include <stdlib.h>

#include "nn/params/safetensors.h"
#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = {0};
    SafeTensors file = {0};
    if (safetensors_read(&file, scratch_write("fuzz.safetensors", data, size), &err)) {
        volatile uint8_t sum = 0;
        for (size_t i = 0; i < file.list.n; i++) {
            const uint8_t *bytes = file.list.items[i].data;
            for (size_t j = 0; j < file.list.items[i].bytes; j++) sum = (uint8_t)(sum + bytes[j]);
        }
    } else if (err.kind == ERR_NONE) {
        abort();
    }
    safetensors_release(&file);
    return 0;
}
