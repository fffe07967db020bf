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

/* Matplotlib's viridis (van der Walt and Smith, 2015), at ninths and straight between them. */
Color color_ramp(double value)
{
    static const uint8_t at[][3] = {{68, 1, 84},    {72, 40, 120},  {62, 74, 137},  {49, 104, 142}, {38, 130, 142},
                                    {31, 158, 137}, {53, 183, 121}, {109, 205, 89}, {180, 222, 44}, {253, 231, 37}};
    enum { LAST = sizeof at / sizeof *at - 1 };
    const double place = value > 0 ? (value < 1 ? value : 1) * LAST : 0;
    const size_t below = place < LAST ? (size_t)place : LAST - 1;
    const double share = place - (double)below;
    uint8_t rgb[3];
    for (size_t c = 0; c < 3; c++) rgb[c] = (uint8_t)(at[below][c] * (1 - share) + at[below + 1][c] * share + 0.5);
    return (Color){rgb[0], rgb[1], rgb[2]};
}

Color color_pale(Color color, double paleness)
{
    const uint8_t rgb[] = {color.r, color.g, color.b}, white[] = {color_paper.r, color_paper.g, color_paper.b};
    uint8_t out[3];
    for (size_t c = 0; c < 3; c++) out[c] = (uint8_t)(rgb[c] * (1 - paleness) + white[c] * paleness + 0.5);
    return (Color){out[0], out[1], out[2]};
}
