#include "runner/canvas/canvas.h"

const Color color_ink = {0x22, 0x22, 0x22};
const Color color_paper = {0xff, 0xff, 0xff};
const Color color_muted = {0x5f, 0x63, 0x68};
const Color color_grid = {0xe3, 0xe6, 0xea};

/* Ten hues whose lightness differs as much as their hue, so that they stay apart under protanopia, deuteranopia and in
 * grey: Paul Tol's "muted" scheme (https://sronpersonalpages.nl/~pault) with a grey for the tenth. */
Color color_class(size_t i)
{
    static const Color classes[] = {
        {0x33, 0x22, 0x88}, /* indigo */
        {0x66, 0xb8, 0xe8}, /* cyan */
        {0x44, 0xaa, 0x99}, /* teal */
        {0x11, 0x77, 0x33}, /* green */
        {0x99, 0x99, 0x33}, /* olive */
        {0xe0, 0xc2, 0x4e}, /* sand */
        {0xcc, 0x66, 0x77}, /* rose */
        {0x88, 0x22, 0x55}, /* wine */
        {0xc0, 0x58, 0xb4}, /* purple */
        {0x8a, 0x8a, 0x8a}, /* grey */
    };
    return classes[i % (sizeof classes / sizeof *classes)];
}

/* Okabe and Ito, "Color Universal Design" (2008), without its yellow, which is lost on white. */
Color color_series(size_t i)
{
    static const Color series[] = {
        {0x00, 0x72, 0xb2}, /* blue */
        {0xd5, 0x5e, 0x00}, /* vermillion */
        {0x00, 0x9e, 0x73}, /* bluish green */
        {0xcc, 0x79, 0xa7}, /* reddish purple */
        {0xe6, 0x9f, 0x00}, /* orange */
        {0x56, 0xb4, 0xe9}, /* sky blue */
        {0x44, 0x44, 0x44}, /* dark grey */
    };
    return series[i % (sizeof series / sizeof *series)];
}
