#include "runner/data/idx.h"

#include "nn/base/alloc.h"

enum { IDX_TYPE_BYTE = 8 };

static size_t read_u32(const uint8_t *at)
{
    return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

bool idx_parse(const char *path, const uint8_t *file, size_t length, size_t dimensions, Idx *idx, Err *err)
{
    if (dimensions < 1 || dimensions > IDX_DIMENSIONS_MAX) BUG("idx_parse: %zu dimensions", dimensions);
    const Loc loc = loc_file(path);
    const size_t header = 4 + 4 * dimensions;
    if (length < header)
        return err_failed(err, loc, "truncated: %zu bytes don't hold an IDX header of %zu", length, header);
    if (file[0] != 0 || file[1] != 0 || file[2] != IDX_TYPE_BYTE || file[3] != dimensions) {
        return err_failed(err, loc, "no IDX file of bytes in %zu dimensions: starts with %02x%02x%02x%02x, not %08zx",
                          dimensions, file[0], file[1], file[2], file[3], ((size_t)IDX_TYPE_BYTE << 8) + dimensions);
    }
    size_t want = 1;
    *idx = (Idx){.dimensions = dimensions, .bytes = file + header};
    for (size_t i = 0; i < dimensions; i++) {
        idx->dimension[i] = read_u32(file + 4 + 4 * i);
        if (idx->dimension[i] == 0) return err_failed(err, loc, "dimension %zu of its IDX header is 0", i + 1);
        /* a product past SIZE_MAX is larger than any file */
        if (idx->dimension[i] > SIZE_MAX / want)
            return err_failed(err, loc, "truncated: its IDX header promises more than fits");
        want *= idx->dimension[i];
    }
    const size_t have = length - header;
    if (have < want)
        return err_failed(err, loc, "truncated: its IDX header promises %zu bytes, %zu follow", want, have);
    if (have > want)
        return err_failed(err, loc, "%zu bytes too many behind the %zu that its IDX header promises", have - want,
                          want);
    return true;
}
